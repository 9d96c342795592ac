// Rows with AVX-512 F and DQ.
//
// Instructions: vfmadd, vaddps, vmaxps, vpmaxsd on the bits of |x| (a NaN's are the largest), vdivps, vcvtps2pd for sums
// in double precision; masks for the tails.
// Numeric policy: float32; sums in four accumulators of 16 lanes, (0 + 1) + (2 + 3), then a tree over the lanes, so their
// order depends on the length alone. sum_squares in double precision. Means and variances are divided and the
// reciprocal deviation computed in double precision.
#include "../math/avx512.h"

#if ATTUNE_X86
#include <math.h>

ATTUNE_AVX512 float attune_sum_f32_avx512(const float *x, size_t n) {
    __m512 s[4] = ZEROS_512;
    EACH_16_OF_4(n, { s[u] = _mm512_add_ps(s[u], load512(x + i, mask)); });
    return total512(s);
}

ATTUNE_AVX512 double attune_sum_squares_f32_avx512(const float *x, size_t n) {
    __m512d s[4] = {_mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd()};
    EACH_16_OF_4(n, {
        const __m512 v = load512(x + i, mask);
        const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
        const __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
        s[u] = _mm512_fmadd_pd(high, high, _mm512_fmadd_pd(low, low, s[u]));
    });
    return _mm512_reduce_add_pd(_mm512_add_pd(_mm512_add_pd(s[0], s[1]), _mm512_add_pd(s[2], s[3])));
}

ATTUNE_AVX512 float attune_max_abs_f32_avx512(const float *x, size_t n) {
    __m512i m = _mm512_setzero_si512();
    EACH_16(n, { m = _mm512_max_epi32(m, _mm512_castps_si512(_mm512_abs_ps(load512(x + i, mask)))); });
    const int bits = _mm512_reduce_max_epi32(m);
    float result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}

/// sum of a*b.
INLINE512 float dot_row(const float *a, const float *b, size_t n) {
    __m512 s[4] = ZEROS_512;
    EACH_16_OF_4(n, { s[u] = _mm512_fmadd_ps(load512(a + i, mask), load512(b + i, mask), s[u]); });
    return total512(s);
}

ATTUNE_AVX512 void attune_softmax_f32_avx512(float *x, size_t n, float scale) {
    const __m512 factor = _mm512_set1_ps(scale), lowest = _mm512_set1_ps(-INFINITY);
    __m512 m = lowest;
    EACH_16(n, {
        m = _mm512_max_ps(m, _mm512_mask_mul_ps(lowest, mask, factor, load512(x + i, mask)));
    });
    const __m512 largest = _mm512_set1_ps(_mm512_reduce_max_ps(m));
    __m512 s[4] = ZEROS_512;
    EACH_16_OF_4(n, {
        const __m512 e = exp512(_mm512_sub_ps(_mm512_mul_ps(factor, load512(x + i, mask)), largest));
        store512(x + i, mask, e);
        s[u] = _mm512_mask_add_ps(s[u], mask, s[u], e);
    });
    attune_scale_f32_avx512(1.0f / total512(s), x, n);
}

ATTUNE_AVX512 float attune_exponentials_bf16_avx512(const float *x, size_t n, float scale, uint16_t *y) {
    const __m512 lowest = _mm512_set1_ps(-INFINITY);
    __m512 m = lowest;
    EACH_16(n, { m = _mm512_mask_max_ps(m, mask, m, load512(x + i, mask)); });
    const __m512 largest = _mm512_set1_ps(_mm512_reduce_max_ps(m)), factor = _mm512_set1_ps(scale * LOG2_E);
    __m512 s[4] = ZEROS_512;
    EACH_16_OF_4(n, {
        const __m512 e = short_exp2_512(_mm512_mul_ps(factor, _mm512_sub_ps(load512(x + i, mask), largest)));
        float values[16];
        _mm512_storeu_ps(values, e);
        attune_float32_to_bfloat16_avx512(values, y + i, n - i < 16 ? n - i : 16);
        s[u] = _mm512_mask_add_ps(s[u], mask, s[u], e);
    });
    return 1 / total512(s);
}

ATTUNE_AVX512 void attune_softmax_backward_f32_avx512(
    const float *dy, const float *y, float *dx, size_t n, float scale) {
    const __m512 factor = _mm512_set1_ps(scale), t = _mm512_set1_ps(dot_row(dy, y, n));
    EACH_16(n, {
        const __m512 d = _mm512_sub_ps(load512(dy + i, mask), t);
        store512(dx + i, mask, _mm512_mul_ps(_mm512_mul_ps(factor, load512(y + i, mask)), d));
    });
}

ATTUNE_AVX512 void attune_layer_norm_f32_avx512(
    const float *x, const float *gain, const float *bias, size_t n, float epsilon, float *y, float *mean,
    float *reciprocal_deviation) {
    const double count = n > 0 ? (double)n : 1;
    *mean = (float)(attune_sum_f32_avx512(x, n) / count);
    const __m512 m = _mm512_set1_ps(*mean);
    __m512 s[4] = ZEROS_512;
    EACH_16_OF_4(n, {
        const __m512 d = _mm512_maskz_sub_ps(mask, load512(x + i, mask), m);
        s[u] = _mm512_fmadd_ps(d, d, s[u]);
    });
    *reciprocal_deviation = (float)(1 / sqrt(total512(s) / count + epsilon));
    const __m512 r = _mm512_set1_ps(*reciprocal_deviation);
    EACH_16(n, {
        const __m512 normal = _mm512_mul_ps(_mm512_sub_ps(load512(x + i, mask), m), r);
        store512(y + i, mask, _mm512_fmadd_ps(normal, load512(gain + i, mask), load512(bias + i, mask)));
    });
}

ATTUNE_AVX512 void attune_layer_norm_backward_f32_avx512(
    const float *dy, const float *x, const float *gain, float mean, float reciprocal_deviation, size_t n, float *dx) {
    const __m512 m = _mm512_set1_ps(mean), r = _mm512_set1_ps(reciprocal_deviation);
    __m512 s[4] = ZEROS_512, t[4] = ZEROS_512;
    EACH_16_OF_4(n, {
        const __m512 g = _mm512_mul_ps(load512(dy + i, mask), load512(gain + i, mask));
        s[u] = _mm512_add_ps(s[u], g);
        t[u] = _mm512_fmadd_ps(g, _mm512_mul_ps(_mm512_sub_ps(load512(x + i, mask), m), r), t[u]);
    });
    const double count = n > 0 ? (double)n : 1;
    const __m512 s_mean = _mm512_set1_ps((float)(total512(s) / count));
    const __m512 t_mean = _mm512_set1_ps((float)(total512(t) / count));
    EACH_16(n, {
        const __m512 g = _mm512_fmsub_ps(load512(dy + i, mask), load512(gain + i, mask), s_mean);
        const __m512 normal = _mm512_mul_ps(_mm512_sub_ps(load512(x + i, mask), m), r);
        store512(dx + i, mask, _mm512_mul_ps(r, _mm512_fnmadd_ps(normal, t_mean, g)));
    });
}

ATTUNE_AVX512 void attune_layer_norm_backward_parameters_f32_avx512(
    const float *dy, const float *x, float mean, float reciprocal_deviation, size_t n, float *gain_gradient,
    float *bias_gradient) {
    const __m512 m = _mm512_set1_ps(mean), r = _mm512_set1_ps(reciprocal_deviation);
    EACH_16(n, {
        const __m512 d = load512(dy + i, mask);
        const __m512 normal = _mm512_mul_ps(_mm512_sub_ps(load512(x + i, mask), m), r);
        store512(gain_gradient + i, mask, _mm512_fmadd_ps(d, normal, load512(gain_gradient + i, mask)));
        store512(bias_gradient + i, mask, _mm512_add_ps(d, load512(bias_gradient + i, mask)));
    });
}

ATTUNE_AVX512 float attune_normalize_f32_avx512(float *x, size_t n, float epsilon) {
    float norm = (float)sqrt(attune_sum_squares_f32_avx512(x, n));
    if (norm < epsilon) norm = epsilon;
    const __m512 divisor = _mm512_set1_ps(norm);
    EACH_16(n, { store512(x + i, mask, _mm512_div_ps(load512(x + i, mask), divisor)); });
    return norm;
}

ATTUNE_AVX512 void attune_normalize_backward_f32_avx512(
    const float *dy, const float *y, float norm, float *dx, size_t n) {
    const __m512 t = _mm512_set1_ps(dot_row(dy, y, n)), divisor = _mm512_set1_ps(norm);
    EACH_16(n, {
        const __m512 d = _mm512_fnmadd_ps(load512(y + i, mask), t, load512(dy + i, mask));
        store512(dx + i, mask, _mm512_div_ps(d, divisor));
    });
}
#endif
