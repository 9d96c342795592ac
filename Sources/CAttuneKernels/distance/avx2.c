// Distances with AVX2 and FMA.
//
// Instructions: vfmadd231ps ymm (4 cycles, two a cycle), vsubps, vmaskmovps for the tail.
// Numeric policy: float32, four accumulators of 8 lanes a row, (0 + 1) + (2 + 3), then a tree over the lanes. The same
// for one row and for two (four would not fit the 16 registers), so a row's result never depends on its neighbours.
#include "../math/avx2.h"

#if ATTUNE_X86
#include <math.h>

#define ROWS 2

/// out[r] = dot(query, row r) for `count` (constant: 1 or 2) rows.
INLINE256 void dot_block(const float *query, const float *rows, size_t stride, int count, size_t n, float *out) {
    __m256 s[ROWS][4] = {ZEROS_256, ZEROS_256};
    EACH_8_OF_4(n, {
        const __m256 q = load256(query + i, mask);
        _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++) {
            s[r][u] = _mm256_fmadd_ps(q, load256(rows + (size_t)r * stride + i, mask), s[r][u]);
        }
    });
    for (int r = 0; r < count; r++) out[r] = total256(s[r]);
}

INLINE256 void squared_l2_block(const float *query, const float *rows, size_t stride, int count, size_t n, float *out) {
    __m256 s[ROWS][4] = {ZEROS_256, ZEROS_256};
    EACH_8_OF_4(n, {
        const __m256 q = load256(query + i, mask);
        _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++) {
            const __m256 d = _mm256_sub_ps(q, load256(rows + (size_t)r * stride + i, mask));
            s[r][u] = _mm256_fmadd_ps(d, d, s[r][u]);
        }
    });
    for (int r = 0; r < count; r++) out[r] = total256(s[r]);
}

ATTUNE_AVX2 float attune_dot_f32_avx2(const float *a, const float *b, size_t n) {
    float out;
    dot_block(a, b, 0, 1, n, &out);
    return out;
}

ATTUNE_AVX2 float attune_squared_l2_f32_avx2(const float *a, const float *b, size_t n) {
    float out;
    squared_l2_block(a, b, 0, 1, n, &out);
    return out;
}

ATTUNE_AVX2 void attune_dots_f32_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    size_t r = 0;
    for (; r + ROWS <= count; r += ROWS) dot_block(query, rows + r * stride, stride, ROWS, n, out + r);
    for (; r < count; r++) dot_block(query, rows + r * stride, stride, 1, n, out + r);
}

ATTUNE_AVX2 void attune_squared_l2s_f32_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    size_t r = 0;
    for (; r + ROWS <= count; r += ROWS) squared_l2_block(query, rows + r * stride, stride, ROWS, n, out + r);
    for (; r < count; r++) squared_l2_block(query, rows + r * stride, stride, 1, n, out + r);
}

/// The cosine of `query`, whose norm is given, with one row: dot and norm of the row in one pass.
INLINE256 float cosine_row(const float *query, float query_norm, const float *row, size_t n) {
    __m256 dots[4] = ZEROS_256, squares[4] = ZEROS_256;
    EACH_8_OF_4(n, {
        const __m256 v = load256(row + i, mask);
        dots[u] = _mm256_fmadd_ps(load256(query + i, mask), v, dots[u]);
        squares[u] = _mm256_fmadd_ps(v, v, squares[u]);
    });
    const float product = query_norm * sqrtf(total256(squares));
    return product > 0 ? total256(dots) / product : (product == 0 ? 0 : product);
}

ATTUNE_AVX2 float attune_cosine_f32_avx2(const float *a, const float *b, size_t n) {
    return cosine_row(a, sqrtf(attune_dot_f32_avx2(a, a, n)), b, n);
}

ATTUNE_AVX2 void attune_cosines_f32_avx2(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    const float query_norm = sqrtf(attune_dot_f32_avx2(query, query, n));
    for (size_t r = 0; r < count; r++) out[r] = cosine_row(query, query_norm, rows + r * stride, n);
}
#endif
