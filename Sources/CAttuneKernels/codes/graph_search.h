// The search of the neighbour graph, made of what an instruction set does with a beam: one step is one exact distance and one
// scan of the codes of all neighbours.
#ifndef ATTUNE_CODES_GRAPH_SEARCH_H
#define ATTUNE_CODES_GRAPH_SEARCH_H

#include "graph.h"

/// The nearest vertices so far by ascending keys: the estimate's bits above, below them the vertex, and in the last bit whether
/// it was expanded, which changes no order. A vertex that several others know may be there more than once. What lies beyond the limit, up to a whole block of 8, is there and does not count.
typedef struct graph_beam {
    uint64_t *keys;
    size_t limit, blocks;
    /// Whether a key's place is looked for: in a short beam an end that cannot be foretold costs more than the rest.
    int is_long;
    /// Vertices are below it, whatever a row says.
    uint32_t capacity;
    /// All before it are expanded.
    size_t next;
} graph_beam;

enum { GRAPH_EXPANDED = 1 };

ATTUNE_INLINE uint64_t key_of(uint32_t order, uint32_t vertex) { return (uint64_t)order << 32 | vertex << 1; }

ATTUNE_INLINE uint32_t vertex_of(uint64_t key) { return (uint32_t)key >> 1; }

ATTUNE_INLINE float distance_of(uint64_t key) { return distance_of_order((uint32_t)(key >> 32)); }

/// The blocks of a short beam, where a register is computed on in one piece and where it is in two.
enum { GRAPH_SHORT_WHOLE = 24, GRAPH_SHORT_HALVED = 6 };

/// An empty beam: infinitely far vertices that were expanded. Before its first key is room for a block, whose last is below all.
ATTUNE_INLINE graph_beam beam_make(uint64_t *room, size_t limit, uint32_t capacity) {
    const size_t blocks = (limit + 7) / 8;
    const int is_long = blocks > (attune_has_whole_registers() ? GRAPH_SHORT_WHOLE : GRAPH_SHORT_HALVED);
    graph_beam beam = {room + 8, limit, blocks, is_long, capacity, limit};
    room[7] = 0;
    for (size_t i = 0; i < 8 * beam.blocks; i++) beam.keys[i] = (uint64_t)order_of(INFINITY) << 32 | ~0u;
    return beam;
}

ATTUNE_INLINE float beam_bound(const graph_beam *b) { return distance_of(b->keys[b->limit - 1]); }

ATTUNE_INLINE void beam_skip(graph_beam *b) {
    while (b->next < b->limit && b->keys[b->next] & GRAPH_EXPANDED) b->next++;
}

#define GRAPH_NONE 0xffffffffu

/// The nearest vertex that was not expanded, which then is.
ATTUNE_INLINE uint32_t beam_take(graph_beam *b, uint32_t *visited, int once) {
    while (b->next < b->limit) {
        const uint32_t vertex = vertex_of(b->keys[b->next]);
        b->keys[b->next] |= GRAPH_EXPANDED;
        beam_skip(b);
        if (once) return vertex;
        if (is_marked(visited, vertex)) continue;
        mark(visited, vertex);
        return vertex;
    }
    return GRAPH_NONE;
}

/// Whether a beam has no use for a vertex.
ATTUNE_INLINE int beam_refuses(const graph_beam *b, const uint32_t *visited, uint32_t vertex) {
    return vertex >= b->capacity || is_marked(visited, vertex);
}

/// Whether the pages of a row may be read.
ATTUNE_INLINE int row_is_checked(const attune_graph *graph, uint32_t vertex) {
    if (!graph->checked) return 1;
    const size_t start = graph->offset + vertex * graph->row_size;
    for (size_t page = start >> 16; page <= (start + graph->row_size - 1) >> 16; page++) {
        if (!(__atomic_load_n(graph->checked + page / 64, __ATOMIC_RELAXED) >> (page % 64) & 1)) return 0;
    }
    return 1;
}

ATTUNE_INLINE int beam_has(const graph_beam *b, uint64_t key) {
    int found = 0;
    for (size_t i = 0; i < b->limit; i++) found |= b->keys[i] == key;
    return found;
}

/// The search of one instruction set: `insert` puts a key into a beam, `admit` what a scan of 32 neighbours found.
#define ATTUNE_GRAPH_SEARCH(isa, attribute, insert, admit)                                                             \
    attribute size_t attune_graph_search_##isa(                                                                        \
        const attune_kernels *kernels, const attune_graph *graph, const attune_graph_query *query, size_t width_limit, \
        int once, const attune_graph_scratch *scratch) {                                                               \
        const attune_graph_kernels *k = attune_graph_kernels_for(kernels);                                             \
        const graph_product distance = graph_distance(graph, k);                                                       \
        const attune_graph_query q = *query;                                                                           \
        const size_t width = graph->width, columns = width / 4, row_size = graph->row_size;                            \
        const size_t list_size = attune_graph_list_size(width);                                                        \
        const float tight = GRAPH_TIGHT * q.step * q.step * (float)columns;                                            \
        uint32_t *visited = scratch->visited;                                                                          \
        uint32_t sums[ATTUNE_GRAPH_BLOCK];                                                                             \
        graph_beam beam = beam_make(scratch->beam, width_limit, graph->capacity);                                      \
        for (size_t block = 0; block < graph->entry_blocks; block++) {                                                 \
            const uint8_t *list = graph->entries + block * list_size;                                                  \
            kernels->code_sums(q.tables, columns, list, list_size, 1, sums, NULL);                                     \
            admit(&beam, sums, list + 4 * width, &q, q.length_square, visited, once);                                  \
        }                                                                                                              \
        size_t count = 0;                                                                                              \
        uint32_t unchecked = GRAPH_NONE;                                                                               \
        beam_skip(&beam);                                                                                              \
        uint32_t coming = beam_take(&beam, visited, once);                                                             \
        if (coming != GRAPH_NONE) attune_fetch(graph_row(graph, coming), row_size);                                    \
        while (count < scratch->capacity && unchecked == GRAPH_NONE) {                                                 \
            const uint32_t vertex = coming != GRAPH_NONE ? coming : beam_take(&beam, visited, once);                   \
            if (vertex == GRAPH_NONE) break;                                                                           \
            if (!row_is_checked(graph, vertex)) {                                                                      \
                visited[vertex / 32] = 0;                                                                              \
                unchecked = vertex;                                                                                    \
                break;                                                                                                 \
            }                                                                                                          \
            const uint8_t *row = graph_row(graph, vertex);                                                             \
            /* Chosen before this one's neighbours are known, so that its row comes while they are looked at. */       \
            coming = beam_take(&beam, visited, once);                                                                  \
            const uint8_t *next = coming != GRAPH_NONE ? graph_row(graph, coming) : row;                               \
            attune_fetch(next, graph->lists);                                                                          \
            const float *extra = graph_extra(graph, row);                                                              \
            const float exact = distance(q.vector, row, extra, width);                                                 \
            scratch->popped[count++] = (attune_graph_entry){exact + (extra ? extra[2] : 0), vertex};                   \
            for (size_t block = 0; block < graph->list_count; block++) {                                               \
                const size_t place = graph->lists + block * list_size;                                                 \
                const uint8_t *list = row + place;                                                                     \
                if (exact < tight) {                                                                                   \
                    attune_fetch(next + place, list_size);                                                             \
                    const uint32_t *vertices = (const uint32_t *)(list + 4 * width) + ATTUNE_GRAPH_BLOCK;              \
                    for (int i = 0; i < ATTUNE_GRAPH_BLOCK; i++) {                                                     \
                        if (vertices[i] == vertex || beam_refuses(&beam, visited, vertices[i])) continue;              \
                        if (!row_is_checked(graph, vertices[i])) {                                                     \
                            unchecked = vertices[i];                                                                   \
                            continue;                                                                                  \
                        }                                                                                              \
                        const uint8_t *other = graph_row(graph, vertices[i]);                                          \
                        const float *more = graph_extra(graph, other);                                                 \
                        const float found = distance(q.vector, other, more, width) + (more ? more[2] : 0);             \
                        const uint64_t key = key_of(order_of(found), vertices[i]);                                     \
                        if (once) mark(visited, vertices[i]);                                                          \
                        if (key < beam.keys[beam.limit - 1] && !beam_has(&beam, key)) insert(&beam, key);              \
                    }                                                                                                  \
                } else {                                                                                               \
                    kernels->code_sums(q.tables, columns, list, list_size, 1, sums, next + place);                     \
                    admit(&beam, sums, list + 4 * width, &q, exact, visited, once);                                    \
                }                                                                                                      \
            }                                                                                                          \
            beam_skip(&beam);                                                                                          \
        }                                                                                                              \
        if (once) {                                                                                                    \
            memset(visited, 0, (graph->capacity / 32 + 1) * sizeof *visited);                                          \
        } else {                                                                                                       \
            for (size_t i = 0; i < count; i++) visited[scratch->popped[i].vertex / 32] = 0;                            \
            if (coming != GRAPH_NONE) visited[coming / 32] = 0;                                                        \
        }                                                                                                              \
        if (unchecked != GRAPH_NONE) *scratch->unchecked = unchecked;                                                  \
        return unchecked != GRAPH_NONE ? (size_t)-1 : count;                                                           \
    }

/// Nearer to a vertex than the root of this times step² a column, the rounding of the tables, whose deviation is
/// step·√(columns/12), is more than half of what an estimate's own error is, 0.6 times the distance: neighbours are then
/// compared themselves.
#define GRAPH_TIGHT 1.0f

#endif
