// One-bit codes of vectors: a random rotation, the signs of the rotated vector's coordinates, and what a search reads of
// them (Gao and Long, "RaBitQ", SIGMOD 2024, arXiv:2405.12497; the layout is that of Andre et al., "Quicker ADC", 2019,
// arXiv:1812.09162).
//
// A vector v, as its difference from a centre and rotated, is kept as s = sign(v) and two numbers: |v|² and the rescale
// r = |v|² / <s, v>. For a query w, r·<s, w> estimates <v, w> without bias over the rotation: s is (<s, v>/|v|²)·v plus
// a part that is orthogonal to v, in a random direction; its deviation is
//     sqrt((width·r² - |v|²) / (width - 1)) · |part of w orthogonal to v|.
//
// A block holds 32 vectors of `width` coordinates, a multiple of 64, in the order that the scan reads them: for each column
// of four coordinates 16 bytes, of which byte j holds four bits of vector order[j] in its lower and of vector
// order[j] + 16 in its upper half, order = 0, 8, 1, 9, ..., 7, 15. Behind the codes stand 32 floats each: |v|², rescale and,
// where a block has them, addends. A vector with both 0 is never ruled out by a search.
#ifndef ATTUNE_CODES_H
#define ATTUNE_CODES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#else
#define _Nonnull
#define _Nullable
#endif

enum {
    ATTUNE_CODE_BLOCK = 32,     ///< vectors in a block
    ATTUNE_CODE_UNIT = 64,      ///< a code's width is a multiple of it
    ATTUNE_CODE_CHUNK = 256,    ///< columns whose sums fit 16 bits: 256 · 255 < 65536
    ATTUNE_CODE_ROUNDS = 4,     ///< of a rotation
};

/// What a scan needs to know of a query and of what it looks for. All lengths are in the unit of the codes.
///
/// A row stands for the test <v, w> >= t, t = addend + addend_scale·|v|² + threshold. A code rules it out when, with
/// product = step·sum + offset, which is at least <s, w>, and gap = t - rescale·product,
///     gap > 0 and gap²·|v|² > spread·(rescale_square·rescale² - |v|²)·(length_square·|v|² - max(t, 0)²).
/// That is the estimate's distance to t against `sqrt(spread·(width - 1))` of its deviations, for the part of w that is
/// orthogonal to v where <v, w> is t or more: its square is at most |w|² - t²/|v|².
typedef struct attune_code_query {
    const uint8_t *tables;   ///< [columns][16]
    size_t columns;          ///< width / 4
    float step;
    float offset;            ///< with the tables' error on it
    int has_addends;         ///< whether blocks have addends; without them an addend is 0
    float addend_scale;
    float threshold;         ///< -infinity keeps every row
    float spread;
    float rescale_square;
    float length_square;
} attune_code_query;

/// The bytes of a block.
static inline size_t attune_code_block_size(size_t width, int has_addends) {
    return 4 * width + (has_addends ? 3 : 2) * ATTUNE_CODE_BLOCK * sizeof(float);
}

/// out [width] = (row - centre) · scale, and 0 from n on.
void attune_code_residual(
    const float *row, const float *centre, size_t n, size_t width, float scale, float *out);

/// The sums of the squares and of the magnitudes of n numbers, in double precision and in one order on all processors.
void attune_code_norms(const float *x, size_t n, double *squares, double *magnitudes);

/// Σ a·b, likewise.
double attune_code_dot(const float *a, const float *b, size_t n);

/// sums += the sum of every column of [count, n], row after row.
void attune_code_add_columns(const float *rows, size_t stride, size_t count, size_t n, double *sums);

/// Writes the codes of up to 32 rotated vectors, `stride` floats apart; those that are missing get bits of 0. A bit is
/// whether the coordinate is above 0.
void attune_code_pack(const float *rows, size_t stride, size_t count, size_t width, uint8_t *codes);

/// The bits of one vector of a block, eight coordinates to a byte, the first the lowest.
void attune_code_unpack(const uint8_t *codes, size_t vector, size_t width, uint8_t *bits);

/// Of rows that a scan kept, moves those to the front that this threshold keeps too, and returns their number. `blocks` is
/// what the scan read.
size_t attune_code_sift(
    const attune_code_query *query, const uint8_t *blocks, size_t block_size, uint32_t *rows, float *reaches,
    size_t count);

/// Asks for memory that will be read.
void attune_code_prefetch(const void *bytes, size_t count);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
