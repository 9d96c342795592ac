// Distances of int8 with AVX-512 VNNI, of bits with VPOPCNTDQ.
//
// Instructions: vpdpbusd zmm (4 or 5 cycles; one a cycle on Zen 4, two on recent Intel) for products, twice for squared
// differences, vpopcntq. vpdpbusd multiplies unsigned by signed bytes: a row's bytes are made unsigned by adding 128,
// and 128 times the sum of the query's bytes is taken off. Differences are made unsigned by vpmaxsb and vpminsb.
// Numeric policy: integers, exact modulo 2^32.
#include "lanes512.h"
#include "names.h"

#include <string.h>

#if ATTUNE_X86
#define TARGET ATTUNE_AVX512VNNI
#define ISA avx512vnni
#define ROWS 4
#define TILE 4

// int8

#define TYPE i8
#define ELEMENT int8_t
#define RESULT int32_t
#define NORM int_norm
#define COSINE int_cosine

INLINE __m512i load_i8(const int8_t *p, __mmask64 mask) { return _mm512_maskz_loadu_epi8(mask, p); }
INLINE uint32_t word_at(const int8_t *p) {
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}
INLINE __m512i flipped(__m512i x) { return _mm512_xor_si512(x, _mm512_set1_epi8(-128)); }

/// s + 128 times the sum of the bytes of x.
INLINE __m512i add_excess(__m512i s, __m512i x) { return _mm512_dpbusd_epi32(s, _mm512_set1_epi8(-128), x); }

/// Runs the statements for every 64 bytes from i, u alternating between 0 and 1, with `mask` the bytes that exist.
#define EACH_64(n, ...)                                                                                                \
    do {                                                                                                               \
        size_t i = 0;                                                                                                  \
        for (; i + 128 <= (n);) {                                                                                      \
            const __mmask64 mask = ~0ull;                                                                              \
            UNROLL for (int u = 0; u < 2; u++, i += 64) { __VA_ARGS__ }                                                \
        }                                                                                                              \
        if (i + 64 <= (n)) {                                                                                           \
            const __mmask64 mask = ~0ull;                                                                              \
            const int u = 0;                                                                                           \
            __VA_ARGS__                                                                                                \
            i += 64;                                                                                                   \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const __mmask64 mask = mask64((n) - i);                                                                    \
            const int u = 1;                                                                                           \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    } while (0)

/// The differences of signed bytes, without a sign.
INLINE __m512i magnitudes(__m512i a, __m512i b) {
    return _mm512_sub_epi8(_mm512_max_epi8(a, b), _mm512_min_epi8(a, b));
}

/// Squared differences d^2 of one query and `count` (constant) rows: d (d - 128) + 128 d, of which both are products of
/// an unsigned byte with a signed one.
INLINE void block_of_differences_i8(
    const int ahead, const int8_t *query, const int8_t *rows, size_t stride, const int count, size_t n, int32_t *out) {
    __m512i s[ROWS][2], excess[ROWS][2];
    UNROLL for (int r = 0; r < count; r++) {
        s[r][0] = s[r][1] = excess[r][0] = excess[r][1] = _mm512_setzero_si512();
    }
    EACH_64(n, {
        prefetch_rows(
            ahead, rows + (size_t)count * i, (size_t)count * i, (size_t)count * stride, (size_t)count * 64);
        const __m512i q = load_i8(query + i, mask);
        UNROLL for (int r = 0; r < count; r++) {
            const __m512i d = magnitudes(q, load_i8(rows + (size_t)r * stride + i, mask));
            s[r][u] = _mm512_dpbusd_epi32(s[r][u], d, flipped(d));
            excess[r][u] = _mm512_dpbusd_epi32(excess[r][u], d, _mm512_set1_epi8(-128));
        }
    });
    __m512i sums[ROWS];
    UNROLL for (int r = 0; r < count; r++) {
        sums[r] = _mm512_sub_epi32(
            _mm512_add_epi32(s[r][0], s[r][1]), _mm512_add_epi32(excess[r][0], excess[r][1]));
    }
    if (count == 4) {
        int_totals512(sums, out);
    } else {
        UNROLL for (int r = 0; r < count; r++) out[r] = int_total512(sums[r]);
    }
}

/// The place of loops.h: one query with `count` (constant) rows.
INLINE void block_i8(
    const int kind, const int ahead, const int8_t *query, const int8_t *rows, size_t stride, const int count, size_t n,
    int32_t *out) {
    if (kind == DIFFERENCES) {
        block_of_differences_i8(ahead, query, rows, stride, count, n, out);
        return;
    }
    __m512i s[ROWS][2], excess[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    UNROLL for (int r = 0; r < count; r++) s[r][0] = s[r][1] = _mm512_setzero_si512();
    EACH_64(n, {
        prefetch_rows(
            ahead, rows + (size_t)count * i, (size_t)count * i, (size_t)count * stride, (size_t)count * 64);
        const __m512i q = load_i8(query + i, mask);
        excess[u] = add_excess(excess[u], q);
        UNROLL for (int r = 0; r < count; r++) {
            s[r][u] = _mm512_dpbusd_epi32(s[r][u], flipped(load_i8(rows + (size_t)r * stride + i, mask)), q);
        }
    });
    const __m512i all = _mm512_add_epi32(excess[0], excess[1]);
    __m512i sums[ROWS];
    UNROLL for (int r = 0; r < count; r++) sums[r] = _mm512_sub_epi32(_mm512_add_epi32(s[r][0], s[r][1]), all);
    if (count == 4) {
        int_totals512(sums, out);
    } else {
        UNROLL for (int r = 0; r < count; r++) out[r] = int_total512(sums[r]);
    }
}

/// TILE queries with four rows.
INLINE void tile_i8(
    const int kind, const int8_t *queries, size_t query_stride, const int8_t *rows, size_t stride, size_t n,
    int32_t *out, size_t out_stride) {
    (void)kind;
    __m512i s[TILE][4], excess[TILE];
    UNROLL for (int q = 0; q < TILE; q++) {
        excess[q] = _mm512_setzero_si512();
        UNROLL for (int r = 0; r < 4; r++) s[q][r] = _mm512_setzero_si512();
    }
    for (size_t i = 0; i < n; i += 64) {
        const __mmask64 mask = n - i < 64 ? mask64(n - i) : ~0ull;
        __m512i lanes[TILE];
        UNROLL for (int q = 0; q < TILE; q++) {
            lanes[q] = load_i8(queries + (size_t)q * query_stride + i, mask);
            excess[q] = add_excess(excess[q], lanes[q]);
        }
        UNROLL for (int r = 0; r < 4; r++) {
            const __m512i row = flipped(load_i8(rows + (size_t)r * stride + i, mask));
            UNROLL for (int q = 0; q < TILE; q++) s[q][r] = _mm512_dpbusd_epi32(s[q][r], row, lanes[q]);
        }
    }
    UNROLL for (int q = 0; q < TILE; q++) {
        UNROLL for (int r = 0; r < 4; r++) s[q][r] = _mm512_sub_epi32(s[q][r], excess[q]);
        int_totals512(s[q], out + (size_t)q * out_stride);
    }
}

/// dot[0] = a·b, dot[1] = b·b and, where `both` (constant) is not 0, dot[2] = a·a: in one pass.
INLINE void angle_i8(const int both, const int8_t *a, const int8_t *b, size_t n, int32_t dot[3]) {
    __m512i s[5][2];
    UNROLL for (int k = 0; k < 5; k++) s[k][0] = s[k][1] = _mm512_setzero_si512();
    EACH_64(n, {
        const __m512i x = load_i8(a + i, mask);
        const __m512i y = load_i8(b + i, mask);
        const __m512i flipped_y = flipped(y);
        s[0][u] = _mm512_dpbusd_epi32(s[0][u], flipped_y, x);
        s[1][u] = _mm512_dpbusd_epi32(s[1][u], flipped_y, y);
        s[3][u] = add_excess(s[3][u], x);
        s[4][u] = add_excess(s[4][u], y);
        if (both) s[2][u] = _mm512_dpbusd_epi32(s[2][u], flipped(x), x);
    });
    __m512i sums[5];
    UNROLL for (int k = 0; k < 5; k++) sums[k] = _mm512_add_epi32(s[k][0], s[k][1]);
    dot[0] = int_total512(_mm512_sub_epi32(sums[0], sums[3]));
    dot[1] = int_total512(_mm512_sub_epi32(sums[1], sums[4]));
    if (both) dot[2] = int_total512(_mm512_sub_epi32(sums[2], sums[3]));
}

#include "packed_i8.h"

#define PACKED packed_dots_i8
#define PACKED_FROM 16

#define KIND PRODUCTS
#define ONE dot
#define MANY dots
#define MATRIX dot_matrix
#include "forms.h"
#undef PACKED
#undef PACKED_FROM

#define KIND DIFFERENCES
#define ONE squared_l2
#define MANY squared_l2s
#include "forms.h"

#include "cosines.h"
#include "undefine.h"

/// Squared L2, many-to-many: a·a + b·b - 2 a·b, which in integers is exact.
TARGET void attune_squared_l2_matrix_i8_avx512vnni(
    const int8_t *queries, size_t query_stride, size_t query_count, const int8_t *rows, size_t stride, size_t count,
    size_t n, int32_t *out, size_t out_stride) {
    uint32_t query_squares[NORM_QUERIES], squares[NORM_ROWS];
    for (size_t q0 = 0; q0 < query_count; q0 += NORM_QUERIES) {
        const size_t height = query_count - q0 < NORM_QUERIES ? query_count - q0 : NORM_QUERIES;
        const int8_t *block = queries + q0 * query_stride;
        for (size_t q = 0; q < height; q++) {
            const int8_t *query = block + q * query_stride;
            query_squares[q] = (uint32_t)attune_dot_i8_avx512vnni(query, query, n);
        }
        for (size_t r0 = 0; r0 < count; r0 += NORM_ROWS) {
            const size_t width = count - r0 < NORM_ROWS ? count - r0 : NORM_ROWS;
            const int8_t *row = rows + r0 * stride;
            int32_t *corner = out + q0 * out_stride + r0;
            for (size_t r = 0; r < width; r++) {
                squares[r] = (uint32_t)attune_dot_i8_avx512vnni(row + r * stride, row + r * stride, n);
            }
            attune_dot_matrix_i8_avx512vnni(block, query_stride, height, row, stride, width, n, corner, out_stride);
            for (size_t q = 0; q < height; q++) {
                for (size_t r = 0; r < width; r++) {
                    int32_t *pair = corner + q * out_stride + r;
                    *pair = (int32_t)(query_squares[q] + squares[r] - 2 * (uint32_t)*pair);
                }
            }
        }
    }
}

// Bits

#undef TARGET
#undef ISA
#define TARGET ATTUNE_AVX512POPCNT
#define ISA avx512popcnt

INLINE __m512i unequal_bits(__m512i a, __m512i b, __m512i s) {
    return _mm512_add_epi32(s, _mm512_popcnt_epi64(_mm512_xor_si512(a, b)));
}

#define TYPE b1
#define ELEMENT uint8_t
#define RESULT int32_t
#define LANES __m512i
#define SUM __m512i
#define WIDTH 64
#define LOAD(p) _mm512_loadu_si512(p)
#define LOAD_PART(p, rest) _mm512_maskz_loadu_epi8(mask64(rest), p)
#define PRODUCT unequal_bits
#define ZERO _mm512_setzero_si512()
#define ADD _mm512_add_epi32
#define TOTAL int_total512
#define TOTALS int_totals512
#define CHAINS 1
#include "loops.h"
#include "forms_of_bits.h"
#endif
