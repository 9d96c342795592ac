// What the parts of the neighbour graph share: where things stand in a row.
#ifndef ATTUNE_CODES_GRAPH_H
#define ATTUNE_CODES_GRAPH_H

#include "../include/attune_graph.h"
#include "../kernel_list.h"

#include <math.h>
#include <string.h>

extern const attune_graph_kernels attune_graph_kernels_scalar;
#if ATTUNE_X86
extern const attune_graph_kernels attune_graph_kernels_avx2;
extern const attune_graph_kernels attune_graph_kernels_avx512;
#endif

ATTUNE_INLINE uint8_t *graph_row(const attune_graph *graph, uint32_t vertex) {
    const uint32_t in_run = vertex & ((1u << graph->shift) - 1);
    return graph->blocks[vertex >> graph->shift] + (size_t)in_run * graph->row_size;
}

ATTUNE_INLINE const float *graph_extra(const attune_graph *graph, const uint8_t *row) {
    return graph->extra ? (const float *)(row + graph->extra) : NULL;
}

ATTUNE_INLINE uint32_t *list_factors(uint8_t *list, size_t width) { return (uint32_t *)(list + 4 * width); }
ATTUNE_INLINE uint32_t *list_vertices(uint8_t *list, size_t width) {
    return (uint32_t *)(list + 4 * width) + ATTUNE_GRAPH_BLOCK;
}

/// The factors of a slot without a neighbour: +infinity as bfloat16, and 0.
enum { GRAPH_EMPTY = 0x7f800000 };

typedef float (*graph_product)(const float *, const void *, const float *, size_t);

ATTUNE_INLINE graph_product graph_distance(const attune_graph *graph, const attune_graph_kernels *k) {
    return graph->form == attune_graph_form_f16 ? k->distance : k->distance_u8;
}

ATTUNE_INLINE int is_marked(const uint32_t *bits, uint32_t i) { return bits[i / 32] >> (i % 32) & 1; }

ATTUNE_INLINE void mark(uint32_t *bits, uint32_t i) { bits[i / 32] |= 1u << (i % 32); }

/// The bits of a float so that they are ordered as the floats are.
ATTUNE_INLINE uint32_t order_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits ^ ((uint32_t)((int32_t)bits >> 31) | 0x80000000u);
}

ATTUNE_INLINE float distance_of_order(uint32_t bits) {
    bits ^= bits >> 31 ? 0x80000000u : ~0u;
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

ATTUNE_INLINE int entry_precedes(attune_graph_entry a, attune_graph_entry b) {
    return a.distance != b.distance ? a.distance < b.distance : a.vertex < b.vertex;
}

#endif
