// What the parts of the codes of several bits share: where things stand, and the scan of partitions.
#ifndef ATTUNE_CODES_EXTENDED_H
#define ATTUNE_CODES_EXTENDED_H

#include "../include/attune_extended.h"
#include "../kernel_list.h"

#include <math.h>
#include <string.h>

extern const attune_extended_kernels attune_extended_kernels_scalar;
#if ATTUNE_X86
extern const attune_extended_kernels attune_extended_kernels_avx2;
extern const attune_extended_kernels attune_extended_kernels_avx512;
extern const attune_extended_kernels attune_extended_kernels_avx512vnni;
#endif

/// The deviation of <s, q - c> from <s, v>·<v, q - c> / |v|² in units of |q - c|: the sine of the angle between a random v and its
/// signs, whose cosine is sqrt(2/π).
#define EXTENDED_DEVIATION 0.6028f
/// What rounding the tables to bytes adds to <s, q>, in units of |q|: three deviations, as measured at 384 coordinates.
#define EXTENDED_TABLE_ERROR 0.02f
/// What rounding the first factor to bfloat16 adds, in units of |c|.
#define EXTENDED_FACTOR_ERROR 0.006f
/// Blocks that are scanned before the vectors that they leave are looked at: their rows come in meanwhile.
enum { EXTENDED_CHUNK = 8 };

ATTUNE_INLINE float bfloat16_high(uint32_t word) {
    const uint32_t bits = word & 0xffff0000u;
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

ATTUNE_INLINE float bfloat16_low(uint32_t word) { return bfloat16_high(word << 16); }

/// Puts an entry into its place among the nearest; returns how many there are.
ATTUNE_INLINE size_t extended_insert(
    attune_extended_entry *best, size_t found, size_t limit, attune_extended_entry entry) {
    if (found == limit && !(entry.distance < best[limit - 1].distance)) return found;
    size_t low = 0, high = found;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (best[middle].distance <= entry.distance) low = middle + 1;
        else high = middle;
    }
    const size_t last = found < limit ? found++ : limit - 1;
    memmove(best + low + 1, best + low, (last - low) * sizeof *best);
    best[low] = entry;
    return found;
}

/// A vector that its one-bit code leaves in doubt.
typedef struct extended_doubt {
    const uint8_t *row;
    float lower;
    float base;
    uint32_t sum;
    uint32_t partition;
    uint32_t slot;
} extended_doubt;

/// The scan of one instruction set; `below` as attune_extended_kernels has it, inline.
#define ATTUNE_EXTENDED_SCAN(isa, attribute, below)                                                                    \
    attribute static size_t extended_scan_##isa(                                                                       \
        const attune_kernels *kernels, const attune_partitions *p, const attune_extended_query *query,                 \
        const attune_partition_entry *probes, size_t probe_count, const uint32_t *const *eligible, float deviations,   \
        size_t k, size_t limit, attune_extended_entry *best, size_t found) {                                           \
        const attune_extended_query q = *query;                                                                        \
        const size_t width = p->width, block_size = attune_extended_block_size(width);                                 \
        const size_t row_size = attune_extended_row_size(width, p->bits);                                              \
        int32_t (*const product)(const uint8_t *, const int8_t *, size_t) =                                            \
            attune_extended_kernels_for(kernels)->products[p->bits];                                                   \
        const float half = p->bits > 0 ? (float)(1 << p->bits) * 0.5f : 0.5f, middle = half - 0.5f;                    \
        const float query_length = sqrtf(q.length_square), taken = middle * (float)q.sum;                              \
        uint32_t sums[EXTENDED_CHUNK * ATTUNE_CODE_BLOCK];                                                             \
        extended_doubt doubts[2][EXTENDED_CHUNK * ATTUNE_CODE_BLOCK];                                                  \
        size_t waiting[2] = {0, 0};                                                                                    \
        int turn = 0;                                                                                                  \
        for (size_t i = 0; i <= probe_count; i++) {                                                                    \
            const uint32_t partition = i < probe_count ? probes[i].partition : 0;                                      \
            const uint8_t *body = i < probe_count ? p->bodies[partition] : NULL;                                       \
            const size_t size = i < probe_count ? p->sizes[partition] : 1;                                             \
            const uint8_t *rows = body + (body ? attune_extended_rows(width, size) : 0);                               \
            const float base = i < probe_count ? probes[i].distance : 0;                                               \
            const float away = sqrtf(base > 0 ? base : 0);                                                             \
            const float centre_length = body ? sqrtf(p->lengths[partition]) : 0;                                       \
            const float slack = deviations * (EXTENDED_DEVIATION * away) + EXTENDED_TABLE_ERROR * query_length         \
                + EXTENDED_FACTOR_ERROR * centre_length;                                                               \
            const uint8_t *next = i + 1 < probe_count ? p->bodies[probes[i + 1].partition] : NULL;                     \
            const size_t chunk = EXTENDED_CHUNK * ATTUNE_CODE_BLOCK;                                                   \
            for (size_t first = 0; first < size; first += chunk) {                                                     \
                const size_t here = size - first < chunk ? size - first : chunk;                                       \
                const size_t blocks = (here + ATTUNE_CODE_BLOCK - 1) / ATTUNE_CODE_BLOCK;                              \
                const uint8_t *codes = body + (body ? first / ATTUNE_CODE_BLOCK * block_size : 0);                     \
                const uint8_t *coming = here == size - first ? next : NULL;                                            \
                const float bound = found >= k ? best[k - 1].distance : INFINITY;                                      \
                size_t count = 0;                                                                                      \
                if (body && !eligible) kernels->code_sums(q.tables, width / 4, codes, block_size, blocks, sums, coming); \
                for (size_t b = 0; body && b < blocks; b++) {                                                          \
                    const uint32_t *own = sums + b * ATTUNE_CODE_BLOCK;                                                \
                    const uint32_t *factors = (const uint32_t *)(codes + b * block_size + 4 * width);                  \
                    const size_t start = first + b * ATTUNE_CODE_BLOCK;                                                \
                    uint32_t left = size - start < ATTUNE_CODE_BLOCK ? (1u << (size - start)) - 1 : ~0u;               \
                    if (eligible) {                                                                                    \
                        left &= eligible[i][start / ATTUNE_CODE_BLOCK];                                                \
                        if (left == 0) continue;                                                                       \
                        kernels->code_sums(                                                                            \
                            q.tables, width / 4, codes + b * block_size, block_size, 1,                                \
                            sums + b * ATTUNE_CODE_BLOCK, coming ? coming + b * block_size : NULL);                    \
                    }                                                                                                  \
                    left &= below(own, factors, base, q.step, q.offset + slack, bound);                                \
                    for (; left != 0; left &= left - 1) {                                                              \
                        const uint32_t slot = (uint32_t)__builtin_ctz(left);                                           \
                        const uint8_t *row = rows + (start + slot) * row_size;                                         \
                        for (size_t at = 0; at < row_size + 63; at += 64) __builtin_prefetch(row + at, 0, 2);          \
                        const float lower = base + bfloat16_high(factors[slot])                                        \
                            + bfloat16_low(factors[slot]) * (q.step * (float)own[slot] + (q.offset + slack));          \
                        doubts[turn][count++] =                                                                        \
                            (extended_doubt){row, lower, base, own[slot], partition, (uint32_t)start + slot};          \
                    }                                                                                                  \
                }                                                                                                      \
                waiting[turn] = count;                                                                                 \
                turn ^= 1;                                                                                             \
                for (size_t d = 0; d < waiting[turn]; d++) {                                                           \
                    const extended_doubt *x = &doubts[turn][d];                                                        \
                    if (found >= k && !(x->lower < best[k - 1].distance)) continue;                                    \
                    float factors[2];                                                                                  \
                    memcpy(factors, x->row + row_size - 8, 8);                                                         \
                    const float signs = q.step * (float)x->sum + q.offset;                                             \
                    const float rest = q.unit * ((float)product(x->row, q.bytes, width) - taken);                      \
                    const float distance = x->base + (factors[0] + factors[1] * (half * signs + rest));                \
                    found = extended_insert(                                                                           \
                        best, found, limit, (attune_extended_entry){distance, x->partition, x->slot});                 \
                }                                                                                                      \
                waiting[turn] = 0;                                                                                     \
            }                                                                                                          \
        }                                                                                                              \
        return found;                                                                                                  \
    }

#define ATTUNE_EXTENDED_PRODUCT(isa, attribute, bits)                                                                  \
    attribute static int32_t product##bits##_##isa(const uint8_t *row, const int8_t *query, size_t width) {            \
        return product_##isa(row, query, width, bits);                                                                 \
    }

/// The kernels of an instruction set, from its `product_ISA(row, query, width, bits)` and a function that does what `below` does.
#define ATTUNE_EXTENDED_KERNELS(isa, attribute, below_of_32)                                                           \
    ATTUNE_EXTENDED_PRODUCT(isa, attribute, 0)                                                                         \
    ATTUNE_EXTENDED_PRODUCT(isa, attribute, 1)                                                                         \
    ATTUNE_EXTENDED_PRODUCT(isa, attribute, 2)                                                                         \
    ATTUNE_EXTENDED_PRODUCT(isa, attribute, 3)                                                                         \
    ATTUNE_EXTENDED_PRODUCT(isa, attribute, 4)                                                                         \
    ATTUNE_EXTENDED_PRODUCT(isa, attribute, 5)                                                                         \
    ATTUNE_EXTENDED_PRODUCT(isa, attribute, 6)                                                                         \
    ATTUNE_EXTENDED_PRODUCT(isa, attribute, 7)                                                                         \
    attribute static uint32_t below_##isa(                                                                             \
        const uint32_t *sums, const uint32_t *factors, float base, float step, float offset, float bound) {            \
        return below_of_32(sums, factors, base, step, offset, bound);                                                  \
    }                                                                                                                  \
    ATTUNE_EXTENDED_SCAN(isa, attribute, below_of_32)                                                                  \
    const attune_extended_kernels attune_extended_kernels_##isa = {                                                    \
        .products =                                                                                                    \
            {product0_##isa, product1_##isa, product2_##isa, product3_##isa, product4_##isa, product5_##isa,           \
             product6_##isa, product7_##isa},                                                                          \
        .below = below_##isa,                                                                                          \
        .scan = extended_scan_##isa,                                                                                   \
    };

#endif
