// Rows with AVX2 and FMA.
//
// Instructions: vfmadd, vaddps, vmaxps, vpmaxsd on the bits of |x| (a NaN's are the largest), vdivps, vcvtps2pd for sums
// in double precision; vmaskmovps for the tails.
// Numeric policy: float32; sums in four accumulators of 8 lanes, (0 + 1) + (2 + 3), then a tree over the lanes, so their
// order depends on the length alone. sum_squares in double precision. Means and variances are divided and the
// reciprocal deviation computed in double precision.
#include "../math/avx2.h"

#if ATTUNE_X86
#include <math.h>

ATTUNE_AVX2 float attune_sum_f32_avx2(const float *x, size_t n) {
    __m256 s[4] = ZEROS_256;
    EACH_8_OF_4(n, { s[u] = _mm256_add_ps(s[u], load256(x + i, mask)); });
    return total256(s);
}

ATTUNE_AVX2 double attune_sum_squares_f32_avx2(const float *x, size_t n) {
    __m256d s[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
    EACH_8_OF_4(n, {
        const __m256 v = load256(x + i, mask);
        const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
        const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
        s[u] = _mm256_fmadd_pd(high, high, _mm256_fmadd_pd(low, low, s[u]));
    });
    const __m256d v = _mm256_add_pd(_mm256_add_pd(s[0], s[1]), _mm256_add_pd(s[2], s[3]));
    const __m128d w = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(w, _mm_unpackhi_pd(w, w)));
}

ATTUNE_AVX2 float attune_max_abs_f32_avx2(const float *x, size_t n) {
    __m256i m = _mm256_setzero_si256();
    EACH_8(n, { m = _mm256_max_epi32(m, _mm256_castps_si256(abs256(load256(x + i, mask)))); });
    __m128i w = _mm_max_epi32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
    w = _mm_max_epi32(w, _mm_shuffle_epi32(w, 0x4e));
    const int bits = _mm_cvtsi128_si32(_mm_max_epi32(w, _mm_shuffle_epi32(w, 0xb1)));
    float result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}

/// sum of a*b.
INLINE256 float dot_row(const float *a, const float *b, size_t n) {
    __m256 s[4] = ZEROS_256;
    EACH_8_OF_4(n, { s[u] = _mm256_fmadd_ps(load256(a + i, mask), load256(b + i, mask), s[u]); });
    return total256(s);
}

ATTUNE_AVX2 void attune_softmax_f32_avx2(float *x, size_t n, float scale) {
    const __m256 factor = _mm256_set1_ps(scale), lowest = _mm256_set1_ps(-INFINITY);
    __m256 m = lowest;
    EACH_8(n, {
        const __m256 v = _mm256_mul_ps(factor, load256(x + i, mask));
        m = _mm256_max_ps(m, _mm256_blendv_ps(lowest, v, _mm256_castsi256_ps(mask)));
    });
    const __m256 largest = _mm256_set1_ps(largest256(m));
    __m256 s[4] = ZEROS_256;
    EACH_8_OF_4(n, {
        const __m256 e = exp256(_mm256_sub_ps(_mm256_mul_ps(factor, load256(x + i, mask)), largest));
        store256(x + i, mask, e);
        s[u] = _mm256_add_ps(s[u], only256(mask, e));
    });
    attune_scale_f32_avx2(1.0f / total256(s), x, n);
}

ATTUNE_AVX2 float attune_exponentials_bf16_avx2(const float *x, size_t n, float scale, uint16_t *y) {
    const __m256 lowest = _mm256_set1_ps(-INFINITY);
    __m256 m = lowest;
    EACH_8(n, {
        const __m256 v = _mm256_blendv_ps(lowest, load256(x + i, mask), _mm256_castsi256_ps(mask));
        m = _mm256_max_ps(m, v);
    });
    const __m256 largest = _mm256_set1_ps(largest256(m)), factor = _mm256_set1_ps(scale);
    __m256 s[4] = ZEROS_256;
    EACH_8_OF_4(n, {
        const __m256 e = exp256(_mm256_mul_ps(factor, _mm256_sub_ps(load256(x + i, mask), largest)));
        float values[8];
        _mm256_storeu_ps(values, e);
        attune_float32_to_bfloat16_avx2(values, y + i, n - i < 8 ? n - i : 8);
        s[u] = _mm256_add_ps(s[u], only256(mask, e));
    });
    return 1 / total256(s);
}

ATTUNE_AVX2 void attune_softmax_backward_f32_avx2(
    const float *dy, const float *y, float *dx, size_t n, float scale) {
    const __m256 factor = _mm256_set1_ps(scale), t = _mm256_set1_ps(dot_row(dy, y, n));
    EACH_8(n, {
        const __m256 d = _mm256_sub_ps(load256(dy + i, mask), t);
        store256(dx + i, mask, _mm256_mul_ps(_mm256_mul_ps(factor, load256(y + i, mask)), d));
    });
}

ATTUNE_AVX2 void attune_layer_norm_f32_avx2(
    const float *x, const float *gain, const float *bias, size_t n, float epsilon, float *y, float *mean,
    float *reciprocal_deviation) {
    const double count = n > 0 ? (double)n : 1;
    *mean = (float)(attune_sum_f32_avx2(x, n) / count);
    const __m256 m = _mm256_set1_ps(*mean);
    __m256 s[4] = ZEROS_256;
    EACH_8_OF_4(n, {
        const __m256 d = only256(mask, _mm256_sub_ps(load256(x + i, mask), m));
        s[u] = _mm256_fmadd_ps(d, d, s[u]);
    });
    *reciprocal_deviation = (float)(1 / sqrt(total256(s) / count + epsilon));
    const __m256 r = _mm256_set1_ps(*reciprocal_deviation);
    EACH_8(n, {
        const __m256 normal = _mm256_mul_ps(_mm256_sub_ps(load256(x + i, mask), m), r);
        store256(y + i, mask, _mm256_fmadd_ps(normal, load256(gain + i, mask), load256(bias + i, mask)));
    });
}

ATTUNE_AVX2 void attune_layer_norm_backward_f32_avx2(
    const float *dy, const float *x, const float *gain, float mean, float reciprocal_deviation, size_t n, float *dx) {
    const __m256 m = _mm256_set1_ps(mean), r = _mm256_set1_ps(reciprocal_deviation);
    __m256 s[4] = ZEROS_256, t[4] = ZEROS_256;
    EACH_8_OF_4(n, {
        const __m256 g = _mm256_mul_ps(load256(dy + i, mask), load256(gain + i, mask));
        s[u] = _mm256_add_ps(s[u], g);
        t[u] = _mm256_fmadd_ps(g, _mm256_mul_ps(_mm256_sub_ps(load256(x + i, mask), m), r), t[u]);
    });
    const double count = n > 0 ? (double)n : 1;
    const __m256 s_mean = _mm256_set1_ps((float)(total256(s) / count));
    const __m256 t_mean = _mm256_set1_ps((float)(total256(t) / count));
    EACH_8(n, {
        const __m256 g = _mm256_fmsub_ps(load256(dy + i, mask), load256(gain + i, mask), s_mean);
        const __m256 normal = _mm256_mul_ps(_mm256_sub_ps(load256(x + i, mask), m), r);
        store256(dx + i, mask, _mm256_mul_ps(r, _mm256_fnmadd_ps(normal, t_mean, g)));
    });
}

ATTUNE_AVX2 void attune_layer_norm_backward_parameters_f32_avx2(
    const float *dy, const float *x, float mean, float reciprocal_deviation, size_t n, float *gain_gradient,
    float *bias_gradient) {
    const __m256 m = _mm256_set1_ps(mean), r = _mm256_set1_ps(reciprocal_deviation);
    EACH_8(n, {
        const __m256 d = load256(dy + i, mask);
        const __m256 normal = _mm256_mul_ps(_mm256_sub_ps(load256(x + i, mask), m), r);
        store256(gain_gradient + i, mask, _mm256_fmadd_ps(d, normal, load256(gain_gradient + i, mask)));
        store256(bias_gradient + i, mask, _mm256_add_ps(d, load256(bias_gradient + i, mask)));
    });
}

ATTUNE_AVX2 float attune_normalize_f32_avx2(float *x, size_t n, float epsilon) {
    float norm = (float)sqrt(attune_sum_squares_f32_avx2(x, n));
    if (norm < epsilon) norm = epsilon;
    const __m256 divisor = _mm256_set1_ps(norm);
    EACH_8(n, { store256(x + i, mask, _mm256_div_ps(load256(x + i, mask), divisor)); });
    return norm;
}

ATTUNE_AVX2 void attune_normalize_backward_f32_avx2(
    const float *dy, const float *y, float norm, float *dx, size_t n) {
    const __m256 t = _mm256_set1_ps(dot_row(dy, y, n)), divisor = _mm256_set1_ps(norm);
    EACH_8(n, {
        const __m256 d = _mm256_fnmadd_ps(load256(y + i, mask), t, load256(dy + i, mask));
        store256(dx + i, mask, _mm256_div_ps(d, divisor));
    });
}
#endif
