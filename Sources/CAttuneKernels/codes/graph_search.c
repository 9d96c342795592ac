// The search of the neighbour graph: one step is one exact distance and one scan of the codes of all neighbours.
#include "graph.h"

/// In a pool's vertex number: it was expanded.
#define EXPANDED 0x80000000u

ATTUNE_INLINE int is_marked(const uint32_t *bits, uint32_t i) { return bits[i / 32] >> (i % 32) & 1; }

ATTUNE_INLINE void mark(uint32_t *bits, uint32_t i) { bits[i / 32] |= 1u << (i % 32); }

/// The nearest vertices so far, by ascending estimates. A vertex that several others know may be there more than once.
typedef struct pool {
    attune_graph_entry *entries;
    size_t count, limit;
    /// All before it are expanded.
    size_t next;
} pool;

ATTUNE_INLINE float pool_bound(const pool *p) {
    return p->count < p->limit ? INFINITY : p->entries[p->count - 1].distance;
}

ATTUNE_INLINE void pool_insert(pool *p, float distance, uint32_t vertex) {
    size_t low = 0, length = p->count;
    while (length > 0) {
        const size_t half = length / 2;
        const int right = p->entries[low + half].distance <= distance;
        low = right ? low + half + 1 : low;
        length = right ? length - half - 1 : half;
    }
    if (low >= p->limit) return;
    const size_t kept = p->count < p->limit ? p->count : p->limit - 1;
    memmove(p->entries + low + 1, p->entries + low, (kept - low) * sizeof *p->entries);
    p->entries[low] = (attune_graph_entry){distance, vertex};
    p->count = kept + 1;
    if (low < p->next) p->next = low;
}

ATTUNE_INLINE void pool_skip(pool *p) {
    while (p->next < p->count && p->entries[p->next].vertex & EXPANDED) p->next++;
}

void attune_graph_tables(
    const attune_kernels *kernels, const float *query, size_t width, uint8_t *tables, float *step, float *offset) {
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    float error;
    if (k->tables) {
        k->tables(query, width, tables, step, offset);
    } else {
        kernels->code_tables(query, width, tables, step, offset, &error);
    }
}

size_t attune_graph_search(
    const attune_kernels *kernels, const attune_graph *graph, const attune_graph_query *query, size_t beam, int once,
    const attune_graph_scratch *scratch) {
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    const graph_product distance = graph_distance(graph, k);
    const attune_graph_query q = *query;
    const size_t width = graph->width, columns = width / 4, lists = graph->lists, row_size = graph->row_size;
    const size_t list_size = attune_graph_list_size(width);
    uint32_t *visited = scratch->visited;
    uint32_t sums[ATTUNE_GRAPH_BLOCK];
    float estimates[ATTUNE_GRAPH_BLOCK];
    pool p = {scratch->pool, 0, beam, 0};
    for (size_t block = 0; block < graph->entry_blocks; block++) {
        const uint8_t *list = graph->entries + block * list_size;
        const uint32_t *factors = (const uint32_t *)(list + 4 * width), *vertices = factors + ATTUNE_GRAPH_BLOCK;
        kernels->code_sums(q.tables, columns, list, list_size, 1, sums);
        uint32_t below = k->estimate(sums, factors, q.length_square, q.step, q.offset, pool_bound(&p), estimates);
        for (; below != 0; below &= below - 1) {
            const int i = __builtin_ctz(below);
            if (is_marked(visited, vertices[i])) continue;
            if (once) mark(visited, vertices[i]);
            pool_insert(&p, estimates[i], vertices[i]);
        }
    }
    size_t count = 0;
    uint32_t prefetched = EXPANDED;
    while (p.next < p.count && count < scratch->capacity) {
        const uint32_t vertex = p.entries[p.next].vertex;
        p.entries[p.next].vertex |= EXPANDED;
        pool_skip(&p);
        if (!once) {
            if (is_marked(visited, vertex)) continue;
            mark(visited, vertex);
        }
        const uint8_t *row = graph_row(graph, vertex);
        if (vertex != prefetched) graph_prefetch(row, row_size);
        const float *extra = graph_extra(graph, row);
        const float exact = distance(q.vector, row, extra, width);
        scratch->popped[count++] = (attune_graph_entry){exact + (extra ? extra[2] : 0), vertex};
        // Most often the next one now is the next one then.
        if (p.next < p.count) {
            prefetched = p.entries[p.next].vertex;
            graph_prefetch(graph_row(graph, prefetched), row_size);
        }
        for (size_t block = 0; block < graph->list_count; block++) {
            const uint8_t *list = row + lists + block * list_size;
            const uint32_t *factors = (const uint32_t *)(list + 4 * width), *vertices = factors + ATTUNE_GRAPH_BLOCK;
            kernels->code_sums(q.tables, columns, list, list_size, 1, sums);
            uint32_t below = k->estimate(sums, factors, exact, q.step, q.offset, pool_bound(&p), estimates);
            for (; below != 0; below &= below - 1) {
                const int i = __builtin_ctz(below);
                if (is_marked(visited, vertices[i])) continue;
                if (once) mark(visited, vertices[i]);
                pool_insert(&p, estimates[i], vertices[i]);
            }
        }
        pool_skip(&p);
    }
    if (once) {
        memset(visited, 0, (graph->capacity / 32 + 1) * sizeof *visited);
    } else {
        for (size_t i = 0; i < count; i++) visited[scratch->popped[i].vertex / 32] = 0;
    }
    return count;
}

size_t attune_graph_best(
    const attune_graph_entry *entries, size_t count, size_t limit, attune_graph_entry *best) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const attune_graph_entry entry = entries[i];
        if (found == limit && (limit == 0 || !entry_precedes(entry, best[found - 1]))) continue;
        size_t place = found < limit ? found++ : found - 1;
        for (; place > 0 && entry_precedes(entry, best[place - 1]); place--) best[place] = best[place - 1];
        best[place] = entry;
    }
    return found;
}

void attune_graph_measure(
    const attune_kernels *kernels, const attune_graph *graph, const float *query, attune_graph_entry *entries,
    size_t count) {
    const graph_product distance = graph_distance(graph, attune_graph_kernels_for(kernels));
    for (size_t i = 0; i < count; i++) {
        if (i + 2 < count) graph_prefetch(graph_row(graph, entries[i + 2].vertex), graph->lists);
        const uint8_t *row = graph_row(graph, entries[i].vertex);
        const float *extra = graph_extra(graph, row);
        entries[i].distance = distance(query, row, extra, graph->width) + (extra ? extra[2] : 0);
    }
}

void attune_graph_dots(
    const attune_kernels *kernels, const attune_graph *graph, const float *query, const attune_graph_entry *entries,
    size_t count, float *dots) {
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    const graph_product dot = graph->form == attune_graph_form_f16 ? k->dot : k->dot_u8;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = graph_row(graph, entries[i].vertex);
        dots[i] = dot(query, row, graph_extra(graph, row), graph->width);
    }
}
