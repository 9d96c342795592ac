// Distances with AVX-512 F.
//
// Instructions: vfmadd231ps zmm (4 cycles; one or two a cycle), vsubps, masked vmovups for the tail.
// Numeric policy: float32, four accumulators of 16 lanes a row, (0 + 1) + (2 + 3), then a tree over the lanes. The same
// for one row and for four, so a row's result never depends on its neighbours.
#include "../math/avx512.h"

#if ATTUNE_X86
#include <math.h>

#define ROWS 4

/// out[r] = dot(query, row r) for `count` (constant: 1 or 4) rows.
INLINE512 void dot_block(const float *query, const float *rows, size_t stride, int count, size_t n, float *out) {
    __m512 s[ROWS][4] = {ZEROS_512, ZEROS_512, ZEROS_512, ZEROS_512};
    EACH_16_OF_4(n, {
        const __m512 q = load512(query + i, mask);
        _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++) {
            s[r][u] = _mm512_fmadd_ps(q, load512(rows + (size_t)r * stride + i, mask), s[r][u]);
        }
    });
    for (int r = 0; r < count; r++) out[r] = total512(s[r]);
}

INLINE512 void squared_l2_block(const float *query, const float *rows, size_t stride, int count, size_t n, float *out) {
    __m512 s[ROWS][4] = {ZEROS_512, ZEROS_512, ZEROS_512, ZEROS_512};
    EACH_16_OF_4(n, {
        const __m512 q = load512(query + i, mask);
        _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++) {
            const __m512 d = _mm512_sub_ps(q, load512(rows + (size_t)r * stride + i, mask));
            s[r][u] = _mm512_fmadd_ps(d, d, s[r][u]);
        }
    });
    for (int r = 0; r < count; r++) out[r] = total512(s[r]);
}

ATTUNE_AVX512 float attune_dot_f32_avx512(const float *a, const float *b, size_t n) {
    float out;
    dot_block(a, b, 0, 1, n, &out);
    return out;
}

ATTUNE_AVX512 float attune_squared_l2_f32_avx512(const float *a, const float *b, size_t n) {
    float out;
    squared_l2_block(a, b, 0, 1, n, &out);
    return out;
}

ATTUNE_AVX512 void attune_dots_f32_avx512(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    size_t r = 0;
    for (; r + ROWS <= count; r += ROWS) dot_block(query, rows + r * stride, stride, ROWS, n, out + r);
    for (; r < count; r++) dot_block(query, rows + r * stride, stride, 1, n, out + r);
}

ATTUNE_AVX512 void attune_squared_l2s_f32_avx512(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    size_t r = 0;
    for (; r + ROWS <= count; r += ROWS) squared_l2_block(query, rows + r * stride, stride, ROWS, n, out + r);
    for (; r < count; r++) squared_l2_block(query, rows + r * stride, stride, 1, n, out + r);
}

/// The cosine of `query`, whose norm is given, with one row: dot and norm of the row in one pass.
INLINE512 float cosine_row(const float *query, float query_norm, const float *row, size_t n) {
    __m512 dots[4] = ZEROS_512, squares[4] = ZEROS_512;
    EACH_16_OF_4(n, {
        const __m512 v = load512(row + i, mask);
        dots[u] = _mm512_fmadd_ps(load512(query + i, mask), v, dots[u]);
        squares[u] = _mm512_fmadd_ps(v, v, squares[u]);
    });
    const float product = query_norm * sqrtf(total512(squares));
    return product > 0 ? total512(dots) / product : (product == 0 ? 0 : product);
}

ATTUNE_AVX512 float attune_cosine_f32_avx512(const float *a, const float *b, size_t n) {
    return cosine_row(a, sqrtf(attune_dot_f32_avx512(a, a, n)), b, n);
}

ATTUNE_AVX512 void attune_cosines_f32_avx512(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    const float query_norm = sqrtf(attune_dot_f32_avx512(query, query, n));
    for (size_t r = 0; r < count; r++) out[r] = cosine_row(query, query_norm, rows + r * stride, n);
}
#endif
