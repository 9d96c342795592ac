// Codes of several bits a coordinate, in partitions (Gao et al., "Practical and asymptotically optimal quantization of
// high-dimensional vectors", SIGMOD 2025, arXiv:2409.09913, with the one-bit codes of attune_codes.h as their first bit).
//
// Everything lies in one rotated space. A vector x of the partition around c is kept as v = x - c: the signs s of v, and for
// each coordinate `bits` further bits of its magnitude. Its code is u, u_i = ±(m_i + 1/2) with m_i = min(floor(t·|v_i|), 2^bits - 1)
// and a t of the vector's own; with r = |v|² / <u, v>,
//     |q - c|² + (|v|² + 2·r·<u, c> + addend) - 2·r·<u, q>
// estimates |q - x|² without bias over the rotation. As the rotation is linear, what is made of a query serves all partitions.
//
// A partition: blocks of 32 one-bit codes, each followed by 32 words with the two factors of the one-bit estimate (the term in
// parentheses in the upper half, -2·r in the lower, as bfloat16); then a row a vector: for each 64 coordinates the low bits of
// u + 2^bits - 1/2 in planes of 4, 2 and 1 bit, then the two factors of the full estimate as floats.
#ifndef ATTUNE_EXTENDED_H
#define ATTUNE_EXTENDED_H

#include "attune_kernels.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

enum {
    ATTUNE_EXTENDED_MOST = 7,  ///< bits beside the sign
};

/// The bytes of a block of 32 one-bit codes with their factors.
static inline size_t attune_extended_block_size(size_t width) { return 4 * width + 4 * ATTUNE_CODE_BLOCK; }

/// The bytes of a row.
static inline size_t attune_extended_row_size(size_t width, int bits) { return width / 8 * (size_t)bits + 8; }

/// Where the rows of a partition of `count` vectors begin.
static inline size_t attune_extended_rows(size_t width, size_t count) {
    return (count + ATTUNE_CODE_BLOCK - 1) / ATTUNE_CODE_BLOCK * attune_extended_block_size(width);
}

/// Partitions as a search reads them.
typedef struct attune_partitions {
    size_t width;                 ///< coordinates, a multiple of 64
    int bits;                     ///< beside the sign
    size_t count;                 ///< partitions
    const uint8_t *const _Nullable *_Nonnull bodies;
    const uint32_t *sizes;        ///< vectors of each
    const uint16_t *centres;      ///< [count][width], half precision
    const float *lengths;         ///< |c|² of each
    const uint8_t *roots;         ///< one-bit codes of the centres around the origin, in blocks
} attune_partitions;

/// A rotated query.
typedef struct attune_extended_query {
    const float *vector;
    const uint8_t *tables;        ///< as attune_code_query has them
    float step;
    float offset;
    float length_square;
    const int8_t *bytes;          ///< the vector in whole numbers
    float unit;                   ///< of these
    int32_t sum;                  ///< of these
} attune_extended_query;

/// A partition and its distance.
typedef struct attune_partition_entry {
    float distance;
    uint32_t partition;
} attune_partition_entry;

/// A vector and an estimate of its distance.
typedef struct attune_extended_entry {
    float distance;
    uint32_t partition;
    uint32_t slot;
} attune_extended_entry;

/// What depends on the instruction set.
typedef struct attune_extended_kernels {
    /// Σ code·query over `width` coordinates of a row, by its number of bits; integers, so the same on all levels.
    int32_t (*_Nonnull products[ATTUNE_EXTENDED_MOST + 1])(const uint8_t *row, const int8_t *query, size_t width);
    /// Of 32 sums of a block, which have base + first + second·(step·sum + offset) below a bound; the same on all levels.
    uint32_t (*below)(
        const uint32_t *sums, const uint32_t *factors, float base, float step, float offset, float bound);
    /// attune_extended_scan.
    size_t (*scan)(
        const attune_kernels *kernels, const attune_partitions *partitions, const attune_extended_query *query,
        const attune_partition_entry *probes, size_t probe_count, const uint32_t *const _Nullable *_Nullable eligible,
        float deviations, size_t k, size_t limit, attune_extended_entry *best, size_t found);
} attune_extended_kernels;

const attune_extended_kernels *attune_extended_kernels_for(const attune_kernels *kernels);

/// Writes the whole numbers of a query; returns their unit and their sum.
float attune_extended_bytes(const float *query, size_t width, int8_t *bytes, int32_t *sum);

/// Ranks the partitions that are not empty by the distance of their centres: all are estimated by their codes, and the nearest of these
/// measured. `estimates` has room for the partitions rounded up to 32, `order` for all of them. Returns how many of
/// `wanted` there are, nearer first.
size_t attune_extended_rank(
    const attune_kernels *kernels, const attune_partitions *partitions, const attune_extended_query *query,
    size_t wanted, float *estimates, attune_partition_entry *order);

/// Finds the nearest vectors of partitions: whose one-bit estimate less `deviations` of its error is above the `k`-th best so far are left
/// out, of the others the full estimate is taken.
///
/// - eligible: for each probe a bit for each of its slots; null where all are.
/// - best: room for `limit` >= k entries, of which `found` are there already; gets the nearest in order.
/// Returns how many there are.
size_t attune_extended_scan(
    const attune_kernels *kernels, const attune_partitions *partitions, const attune_extended_query *query,
    const attune_partition_entry *probes, size_t probe_count, const uint32_t *const _Nullable *_Nullable eligible,
    float deviations, size_t k, size_t limit, attune_extended_entry *best, size_t found);

/// The full estimate of one vector, with the query in float32; `base` is |q - c|².
float attune_extended_estimate(
    const attune_partitions *partitions, const attune_extended_query *query, float base, uint32_t partition,
    uint32_t slot, float *scratch);

/// Writes the code of v [width] into a slot of a partition of `count` vectors. `centre` [width] is what v was taken from.
void attune_extended_put(
    uint8_t *body, size_t count, size_t slot, const float *v, const float *centre, float addend, size_t width,
    int bits, float *scratch);

/// Makes all slots of a partition's blocks empty.
void attune_extended_clear(uint8_t *body, size_t count, size_t width);

/// Copies a code from a slot of one partition to one of another around the same centre.
void attune_extended_copy(
    uint8_t *to, size_t to_count, size_t to_slot, const uint8_t *from, size_t from_count, size_t from_slot,
    size_t width, int bits);

/// The code u [width] of a slot, without its length; returns what r is.
float attune_extended_decode(
    const uint8_t *body, size_t count, size_t slot, size_t width, int bits, float *u);

/// The nearest centres of vectors: of `products` [count, partitions] = <x, c>, the least |c|² - 2·<x, c> of each row, ties by the
/// lower number; `values` gets it.
void attune_extended_nearest(
    const float *products, size_t stride, size_t count, const float *lengths, size_t partitions, uint32_t *nearest,
    float *values);

/// Rounds numbers to half precision, what is too large to the largest number.
void attune_extended_half(const attune_kernels *kernels, const float *x, size_t count, uint16_t *half);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
