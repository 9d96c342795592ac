// Making the rows of the neighbour graph: vectors, the choice of neighbours, their codes.
#include "codes.h"
#include "graph.h"
#include "sort.h"

size_t attune_graph_sort(attune_graph_entry *entries, size_t count, uint32_t *visited) {
    attune_sort_by_distance(entries, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_marked(visited, entries[i].vertex)) continue;
        mark(visited, entries[i].vertex);
        entries[kept++] = entries[i];
    }
    for (size_t i = 0; i < kept; i++) visited[entries[i].vertex / 32] = 0;
    return kept;
}

void attune_graph_set_vector(
    const attune_kernels *kernels, const attune_graph *graph, uint32_t vertex, const float *x, float addend) {
    const size_t width = graph->width;
    uint8_t *row = graph_row(graph, vertex);
    float *extra = graph->extra ? (float *)(row + graph->extra) : NULL;
    if (extra) {
        memset(extra, 0, graph->row_size - graph->extra);
        extra[2] = addend;
    }
    if (graph->form == attune_graph_form_f16) {
        for (size_t i = 0; i < width; i += 64) {
            float part[64];
            for (size_t j = 0; j < 64; j++) part[j] = x[i + j] < -65504 ? -65504 : x[i + j] > 65504 ? 65504 : x[i + j];
            kernels->float32_to_float16(part, (uint16_t *)row + i, 64);
        }
    } else {
        float low = x[0], high = x[0];
        for (size_t i = 1; i < width; i++) {
            low = x[i] < low ? x[i] : low;
            high = x[i] > high ? x[i] : high;
        }
        const float step = (high - low) * (1.0f / 255), per_step = step > 0 ? 1 / step : 0;
        for (size_t i = 0; i < width; i++) {
            const int value = (int)((x[i] - low) * per_step + 0.5f);
            row[i] = (uint8_t)(value > 255 ? 255 : value);
        }
        extra[0] = step;
        extra[1] = low;
    }
    for (size_t block = 0; block < graph->list_count; block++) {
        uint8_t *list = row + graph->lists + block * attune_graph_list_size(width);
        memset(list, 0, 4 * width);
        for (size_t i = 0; i < ATTUNE_GRAPH_BLOCK; i++) {
            list_factors(list, width)[i] = GRAPH_EMPTY;
            list_vertices(list, width)[i] = vertex;
        }
    }
}

void attune_graph_vector(const attune_kernels *kernels, const attune_graph *graph, uint32_t vertex, float *x) {
    const uint8_t *row = graph_row(graph, vertex);
    if (graph->form == attune_graph_form_f16) {
        kernels->float16_to_float32((const uint16_t *)row, x, graph->width);
    } else {
        const float *extra = graph_extra(graph, row);
        const float step = extra[0], low = extra[1];
        for (size_t i = 0; i < graph->width; i++) x[i] = low + step * (float)row[i];
    }
}

float attune_graph_addend(const attune_graph *graph, uint32_t vertex) {
    return graph->extra ? graph_extra(graph, graph_row(graph, vertex))[2] : 0;
}

size_t attune_graph_neighbours(const attune_graph *graph, uint32_t vertex, uint32_t *neighbours) {
    uint8_t *row = graph_row(graph, vertex);
    size_t count = 0;
    for (size_t block = 0; block < graph->list_count; block++) {
        uint8_t *list = row + graph->lists + block * attune_graph_list_size(graph->width);
        const uint32_t *vertices = list_vertices(list, graph->width);
        for (size_t i = 0; i < ATTUNE_GRAPH_BLOCK; i++) {
            if (vertices[i] != vertex) neighbours[count++] = vertices[i];
        }
    }
    return count;
}

enum { DISTANCES = 4 };

/// The distances of a vector from at most four vertices'.
static void few_distances(
    const attune_graph_kernels *k, const attune_graph *graph, const float *vector, const attune_graph_entry *candidates,
    const uint32_t *places, size_t count, float *distances) {
    const void *rows[DISTANCES];
    for (size_t i = 0; i < count; i++) rows[i] = graph_row(graph, candidates[places[i]].vertex);
    if (count == DISTANCES && k->distances && graph->form == attune_graph_form_f16) {
        k->distances(vector, rows, graph->width, distances);
        return;
    }
    const graph_product distance = graph_distance(graph, k);
    for (size_t i = 0; i < count; i++) {
        distances[i] = distance(vector, rows[i], graph_extra(graph, rows[i]), graph->width);
    }
}

/// The steps of the factor by which a chosen neighbour has to be nearer, squared; then whatever is left.
static const float factors[] = {1.0f, 1.21f, 1.44f};
enum { FACTORS = sizeof factors / sizeof factors[0] };

/// Notes by how much one more chosen vertex covers the open candidates; those that are covered for good are open no more.
/// Returns how many are left.
static size_t cover_others(
    const attune_graph_kernels *k, const attune_graph *graph, const float *chosen, const attune_graph_entry *candidates,
    float *cover, uint32_t *open, size_t count) {
    size_t left = 0;
    for (size_t next = 0; next < count; next += DISTANCES) {
        const size_t few = count - next < DISTANCES ? count - next : DISTANCES;
        float d[DISTANCES];
        few_distances(k, graph, chosen, candidates, open + next, few, d);
        for (size_t n = 0; n < few; n++) {
            const uint32_t j = open[next + n];
            const float ratio = d[n] > 0 ? candidates[j].distance / d[n] : 0x1p100f;
            cover[j] = ratio > cover[j] ? ratio : cover[j];
            open[left] = j;
            left += cover[j] <= factors[FACTORS - 1];
        }
    }
    return left;
}

size_t attune_graph_prune(
    const attune_kernels *kernels, const attune_graph *graph, const attune_graph_entry *candidates, size_t count,
    size_t limit, attune_graph_entry *kept, float *scratch) {
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    // Of each candidate by how much the chosen ones cover it, infinite for those that are chosen.
    float *cover = scratch, *vector = scratch + 2 * count;
    // The candidates that may still be chosen.
    uint32_t *open = (uint32_t *)(scratch + count);
    size_t found = 0, open_count = count;
    if (count <= limit) {
        memcpy(kept, candidates, count * sizeof *kept);
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        cover[i] = 0;
        open[i] = (uint32_t)i;
    }
    for (int pass = 0; pass < FACTORS && found < limit; pass++) {
        for (size_t place = 0; place < open_count && found < limit; place++) {
            const uint32_t i = open[place];
            if (cover[i] > factors[pass]) continue;
            kept[found++] = candidates[i];
            cover[i] = INFINITY;
            if (found == limit) break;
            attune_graph_vector(kernels, graph, candidates[i].vertex, vector);
            open_count = place + 1
                + cover_others(k, graph, vector, candidates, cover, open + place + 1, open_count - place - 1);
        }
    }
    while (found < limit) {
        size_t best = count;
        for (size_t i = 0; i < count; i++) {
            if (cover[i] < INFINITY && (best == count || cover[i] < cover[best])) best = i;
        }
        if (best == count) break;
        kept[found++] = candidates[best];
        cover[best] = INFINITY;
    }
    attune_sort_by_distance(kept, found);
    return found;
}

static uint16_t bfloat16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Writes the code and the factors of one neighbour.
static void put(
    const attune_graph_kernels *k, const attune_graph *graph, uint8_t *list, size_t slot, const float *centre,
    const float *x, float addend) {
    const size_t width = graph->width;
    uint8_t bits[64];
    float sums[3] = {0, 0, 0};
    uint8_t *code = list + 2 * (slot % 8) + slot / 8 % 2;
    const int shift = slot < 16 ? 0 : 4;
    for (size_t start = 0; start < width; start += 8 * sizeof bits) {
        const size_t count = width - start < 8 * sizeof bits ? width - start : 8 * sizeof bits;
        float part[3];
        k->encode(centre + start, x + start, count, bits, part);
        for (int i = 0; i < 3; i++) sums[i] += part[i];
        for (size_t i = 0; i < count / 8; i++, code += 32) {
            code[0] = (uint8_t)((code[0] & ~(15 << shift)) | (bits[i] & 15) << shift);
            code[16] = (uint8_t)((code[16] & ~(15 << shift)) | bits[i] >> 4 << shift);
        }
    }
    const float rescale = sums[1] > 0 ? sums[0] / sums[1] : 0;
    const uint32_t first = bfloat16(sums[0] + 2 * rescale * sums[2] + addend), second = bfloat16(-2 * rescale);
    list_factors(list, width)[slot] = first << 16 | second;
}

/// Puts vertices into the slots of lists around a centre; those that are there already keep their slots and codes.
static void fill(
    const attune_kernels *kernels, const attune_graph *graph, uint8_t *lists, size_t list_count, uint32_t own,
    const float *centre, const attune_graph_entry *neighbours, size_t count, float *x) {
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    const size_t width = graph->width, size = attune_graph_list_size(width), slots = list_count * ATTUNE_GRAPH_BLOCK;
    for (size_t slot = 0; slot < slots; slot++) {
        uint8_t *list = lists + slot / ATTUNE_GRAPH_BLOCK * size;
        uint32_t *vertex = list_vertices(list, width) + slot % ATTUNE_GRAPH_BLOCK;
        int stays = 0;
        for (size_t i = 0; i < count && !stays; i++) stays = neighbours[i].vertex == *vertex;
        if (stays) continue;
        *vertex = own;
        list_factors(list, width)[slot % ATTUNE_GRAPH_BLOCK] = GRAPH_EMPTY;
    }
    size_t free_slot = 0;
    for (size_t i = 0; i < count; i++) {
        int is_there = 0;
        for (size_t slot = 0; slot < slots && !is_there; slot++) {
            uint8_t *list = lists + slot / ATTUNE_GRAPH_BLOCK * size;
            is_there = list_vertices(list, width)[slot % ATTUNE_GRAPH_BLOCK] == neighbours[i].vertex;
        }
        if (is_there) continue;
        for (;; free_slot++) {
            uint8_t *list = lists + free_slot / ATTUNE_GRAPH_BLOCK * size;
            const size_t slot = free_slot % ATTUNE_GRAPH_BLOCK;
            if (list_factors(list, width)[slot] != GRAPH_EMPTY) continue;
            attune_graph_vector(kernels, graph, neighbours[i].vertex, x);
            put(k, graph, list, slot, centre, x, attune_graph_addend(graph, neighbours[i].vertex));
            list_vertices(list, width)[slot] = neighbours[i].vertex;
            break;
        }
    }
}

void attune_graph_link(
    const attune_kernels *kernels, const attune_graph *graph, uint32_t vertex, const attune_graph_entry *neighbours,
    size_t count, float *scratch) {
    attune_graph_vector(kernels, graph, vertex, scratch);
    fill(kernels, graph, graph_row(graph, vertex) + graph->lists, graph->list_count, vertex, scratch, neighbours, count,
         scratch + graph->width);
}

void attune_graph_make_entries(
    const attune_kernels *kernels, const attune_graph *graph, const uint32_t *vertices, size_t count, uint8_t *blocks,
    float *scratch) {
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    const size_t width = graph->width, size = attune_graph_list_size(width);
    const size_t list_count = (count + ATTUNE_GRAPH_BLOCK - 1) / ATTUNE_GRAPH_BLOCK;
    float *origin = scratch, *x = scratch + width;
    memset(blocks, 0, list_count * size);
    memset(origin, 0, width * sizeof *origin);
    for (size_t i = 0; i < list_count * ATTUNE_GRAPH_BLOCK; i++) {
        uint8_t *list = blocks + i / ATTUNE_GRAPH_BLOCK * size;
        const size_t slot = i % ATTUNE_GRAPH_BLOCK;
        if (i >= count) {
            list_factors(list, width)[slot] = GRAPH_EMPTY;
            list_vertices(list, width)[slot] = 0;
            continue;
        }
        attune_graph_vector(kernels, graph, vertices[i], x);
        put(k, graph, list, slot, origin, x, attune_graph_addend(graph, vertices[i]));
        list_vertices(list, width)[slot] = vertices[i];
    }
}

size_t attune_graph_reach(
    const attune_graph *graph, uint32_t *queue, size_t done, size_t filled, uint32_t *reached, uint32_t *parents) {
    for (; done < filled; done++) {
        if (done + 4 < filled) {
            uint8_t *ahead = graph_row(graph, queue[done + 4]) + graph->lists;
            for (size_t block = 0; block < graph->list_count; block++) {
                const uint8_t *list = ahead + block * attune_graph_list_size(graph->width);
                attune_fetch(list + 4 * graph->width + 4 * ATTUNE_GRAPH_BLOCK, 4 * ATTUNE_GRAPH_BLOCK);
            }
        }
        uint8_t *row = graph_row(graph, queue[done]);
        for (size_t block = 0; block < graph->list_count; block++) {
            uint8_t *list = row + graph->lists + block * attune_graph_list_size(graph->width);
            const uint32_t *vertices = list_vertices(list, graph->width);
            for (size_t i = 0; i < ATTUNE_GRAPH_BLOCK; i++) {
                const uint32_t vertex = vertices[i];
                if (reached[vertex / 32] >> (vertex % 32) & 1) continue;
                reached[vertex / 32] |= 1u << (vertex % 32);
                parents[vertex] = queue[done];
                queue[filled++] = vertex;
            }
        }
    }
    return filled;
}

void attune_graph_unrotate(const uint8_t *signs, float *x, size_t n) {
    const size_t size = power_below(n), rest = n - size;
    const float factor = hadamard_factor(size);
    for (int round = ATTUNE_CODE_ROUNDS - 1; round >= 0; round--) {
        const uint8_t *own = signs + (size_t)round * n / 8;
        float *part = round % 2 == 0 ? x : x + rest;
        if (rest > 0) fold_plain(x, x + n / 2, n / 2, round == 0 ? 0.25f : 1);
        transform_plain(part, size);
        if (round % 2 == 0) {
            flip_plain(own, x, size, factor);
            flip_plain(own + size / 8, x + size, rest, 1);
        } else {
            flip_plain(own, x, rest, 1);
            flip_plain(own + rest / 8, part, size, factor);
        }
    }
}
