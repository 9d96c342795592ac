// Element by element with AVX-512 F and DQ.
//
// Instructions: vfmadd (products and polynomials), vrndscaleps and vscalefps (e^x), vdivps (the sigmoid), masks for
// the tail and for choosing between two polynomials.
// Numeric policy: float32 with fused multiply-adds; e^x within 1.1 ULP, GELU within 1.5e-7 max(1, |x|) of the true value. Tails
// are masked, so an element's result does not depend on its place.
#include "../math/avx512.h"

#if ATTUNE_X86

ATTUNE_AVX512 void attune_axpy_f32_avx512(float alpha, const float *x, float *y, size_t n) {
    const __m512 a = _mm512_set1_ps(alpha);
    EACH_16(n, { store512(y + i, mask, _mm512_fmadd_ps(a, load512(x + i, mask), load512(y + i, mask))); });
}

ATTUNE_AVX512 void attune_scale_f32_avx512(float alpha, float *x, size_t n) {
    const __m512 a = _mm512_set1_ps(alpha);
    EACH_16(n, { store512(x + i, mask, _mm512_mul_ps(a, load512(x + i, mask))); });
}

ATTUNE_AVX512 void attune_multiply_f32_avx512(const float *x, float *y, size_t n) {
    EACH_16(n, { store512(y + i, mask, _mm512_mul_ps(load512(x + i, mask), load512(y + i, mask))); });
}

ATTUNE_AVX512 void attune_exponential_f32_avx512(const float *x, float *y, size_t n) {
    EACH_16(n, { store512(y + i, mask, exp512(load512(x + i, mask))); });
}

ATTUNE_AVX512 void attune_gelu_erf_f32_avx512(const float *x, float *y, size_t n) {
    EACH_16(n, {
        const __m512 v = load512(x + i, mask);
        store512(y + i, mask, _mm512_mul_ps(v, normal_distribution512(v)));
    });
}

ATTUNE_AVX512 void attune_gelu_erf_backward_f32_avx512(const float *dy, const float *x, float *dx, size_t n) {
    EACH_16(n, {
        const __m512 v = load512(x + i, mask);
        const __m512 power = _mm512_mul_ps(_mm512_mul_ps(v, _mm512_set1_ps(-0.5f)), v);
        const __m512 density = _mm512_mul_ps(exp512(power), _mm512_set1_ps(RECIPROCAL_SQRT_TWO_PI));
        const __m512 slope = _mm512_fmadd_ps(v, density, normal_distribution512(v));
        store512(dx + i, mask, _mm512_mul_ps(load512(dy + i, mask), slope));
    });
}

ATTUNE_AVX512 void attune_gelu_tanh_f32_avx512(const float *x, float *y, size_t n) {
    EACH_16(n, { store512(y + i, mask, gelu_tanh512(load512(x + i, mask))); });
}

ATTUNE_AVX512 void attune_gelu_tanh_backward_f32_avx512(const float *dy, const float *x, float *dx, size_t n) {
    const __m512 limit = _mm512_set1_ps(GELU_LIMIT), one = _mm512_set1_ps(1);
    EACH_16(n, {
        // Beyond the limit the derivative is 0 or 1 to the last bit, and the cube would overflow further out.
        const __m512 v = _mm512_max_ps(_mm512_set1_ps(-GELU_LIMIT), _mm512_min_ps(limit, load512(x + i, mask)));
        const __m512 square = _mm512_mul_ps(v, v);
        // s (1 - s) of the sigmoid s by e^-|u|: 1 - s would lose its digits where s is near 1.
        const __m512 e = exp512(_mm512_mul_ps(_mm512_abs_ps(v), gelu_exponent512(square)));
        const __m512 r = _mm512_div_ps(one, _mm512_add_ps(one, e));
        const __m512 s = _mm512_mask_mul_ps(r, _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ), e, r);
        const __m512 slope = _mm512_mul_ps(
            v, _mm512_fmadd_ps(_mm512_set1_ps(3 * GELU_TWO_C_CUBE), square, _mm512_set1_ps(GELU_TWO_C)));
        const __m512 derivative = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_mul_ps(e, r), r), slope, s);
        store512(dx + i, mask, _mm512_mul_ps(load512(dy + i, mask), derivative));
    });
}
#endif
