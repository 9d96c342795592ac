// Codes of several bits: choosing kernels, ranking partitions.
#include "extended.h"
#include "../include/attune_graph.h"
#include "sort.h"

#include <stdlib.h>

#pragma STDC FP_CONTRACT OFF

const attune_extended_kernels *attune_extended_kernels_for(const attune_kernels *kernels) {
#if ATTUNE_X86
    if (strcmp(kernels->name, "avx512") == 0) return &attune_extended_kernels_avx512;
    if (strncmp(kernels->name, "avx512", 6) == 0) return &attune_extended_kernels_avx512vnni;
    if (strcmp(kernels->name, "avx2") == 0) return &attune_extended_kernels_avx2;
#else
    (void)kernels;
#endif
    return &attune_extended_kernels_scalar;
}

float attune_extended_bytes(const float *query, size_t width, int8_t *bytes, int32_t *sum) {
    float largest = 0;
    for (size_t i = 0; i < width; i++) largest = fabsf(query[i]) > largest ? fabsf(query[i]) : largest;
    const float unit = largest > 0x1p-100f ? largest * (1.0f / 127) : 0, per_unit = unit > 0 ? 1 / unit : 0;
    int32_t total = 0;
    for (size_t i = 0; i < width; i++) {
        const float x = query[i] * per_unit;
        bytes[i] = (int8_t)(x < 0 ? x - 0.5f : x + 0.5f);
        total += bytes[i];
    }
    *sum = total;
    return unit;
}

size_t attune_extended_scan(
    const attune_kernels *kernels, const attune_partitions *partitions, const attune_extended_query *query,
    const attune_partition_entry *probes, size_t probe_count, const uint32_t *const *eligible, float deviations,
    size_t k, size_t limit, attune_extended_entry *best, size_t found) {
    return attune_extended_kernels_for(kernels)->scan(
        kernels, partitions, query, probes, probe_count, eligible, deviations, k, limit, best, found);
}

enum { BINS = 512, EXTRA_RANKED = 24 };

/// A bound that at least `wanted` of the finite estimates are at most: from a histogram.
static float bound_of(const float *estimates, size_t count, size_t wanted) {
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        const float x = estimates[i], finite = x < INFINITY ? x : -INFINITY;
        low = x < low ? x : low;
        high = finite > high ? finite : high;
    }
    const float per_bin = (float)BINS / (high - low);
    if (!(per_bin > 0 && per_bin < INFINITY)) return INFINITY;
    uint32_t bins[BINS + 1] = {0};
    for (size_t i = 0; i < count; i++) {
        const float place = (estimates[i] - low) * per_bin;
        bins[place < (float)BINS ? (size_t)place : BINS]++;
    }
    size_t sum = 0;
    for (size_t bin = 0; bin < BINS; bin++) {
        sum += bins[bin];
        // One bin more than needed makes up for the rounding of the bound.
        if (sum >= wanted) return low + (float)(bin + 2) / per_bin;
    }
    return INFINITY;
}

size_t attune_extended_rank(
    const attune_kernels *kernels, const attune_partitions *p, const attune_extended_query *query, size_t wanted,
    float *estimates, attune_partition_entry *order) {
    const size_t width = p->width, block_size = attune_extended_block_size(width);
    const attune_extended_query q = *query;
    float bound = INFINITY;
    if (wanted + wanted / 2 + EXTRA_RANKED < p->count) {
        for (size_t first = 0; first < p->count; first += ATTUNE_CODE_BLOCK) {
            const uint8_t *block = p->roots + first / ATTUNE_CODE_BLOCK * block_size;
            const uint32_t *factors = (const uint32_t *)(block + 4 * width);
            uint32_t sums[ATTUNE_CODE_BLOCK];
            kernels->code_sums(q.tables, width / 4, block, block_size, 1, sums, NULL);
            for (size_t i = 0; i < ATTUNE_CODE_BLOCK; i++) {
                estimates[first + i] = bfloat16_high(factors[i])
                    + bfloat16_low(factors[i]) * (q.step * (float)sums[i] + q.offset);
            }
        }
        for (size_t i = 0; i < p->count; i++) estimates[i] = p->sizes[i] > 0 ? estimates[i] : INFINITY;
        bound = bound_of(estimates, p->count, wanted + wanted / 2 + EXTRA_RANKED);
    } else {
        for (size_t i = 0; i < p->count; i++) estimates[i] = 0;
    }
    size_t found = 0;
    for (size_t i = 0; i < p->count; i++) {
        order[found] = (attune_partition_entry){0, (uint32_t)i};
        found += estimates[i] <= bound && p->sizes[i] > 0;
    }
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    for (size_t i = 0; i < found; i++) {
        if (i + 2 < found) {
            const uint16_t *next = p->centres + order[i + 2].partition * width;
            for (size_t at = 0; at < width; at += 32) __builtin_prefetch(next + at, 0, 2);
        }
        order[i].distance = k->distance(q.vector, p->centres + order[i].partition * width, NULL, width);
    }
    attune_sort_by_distance(order, found);
    return found < wanted ? found : wanted;
}

void attune_extended_nearest(
    const float *products, size_t stride, size_t count, const float *lengths, size_t partitions, uint32_t *nearest,
    float *values) {
    enum { LANES = 16 };
    for (size_t row = 0; row < count; row++) {
        const float *own = products + row * stride;
        float least[LANES];
        uint32_t places[LANES];
        for (size_t lane = 0; lane < LANES; lane++) {
            least[lane] = INFINITY;
            places[lane] = 0;
        }
        size_t i = 0;
        for (; i + LANES <= partitions; i += LANES) {
            for (size_t lane = 0; lane < LANES; lane++) {
                const float value = lengths[i + lane] - 2 * own[i + lane];
                const int is_less = value < least[lane];
                places[lane] = is_less ? (uint32_t)(i + lane) : places[lane];
                least[lane] = is_less ? value : least[lane];
            }
        }
        for (size_t lane = 0; i < partitions; i++, lane++) {
            const float value = lengths[i] - 2 * own[i];
            if (value < least[lane]) {
                least[lane] = value;
                places[lane] = (uint32_t)i;
            }
        }
        size_t best = 0;
        for (size_t lane = 1; lane < LANES; lane++) {
            if (least[lane] < least[best] || (least[lane] == least[best] && places[lane] < places[best])) best = lane;
        }
        nearest[row] = places[best];
        values[row] = least[best];
    }
}
