// Element by element with AVX2 and FMA.
//
// Instructions: vfmadd (products and polynomials), vroundps and shifted exponents (e^x), vdivps (the sigmoid),
// vmaskmovps for the tail, vblendvps for choosing between two polynomials.
// Numeric policy: float32 with fused multiply-adds; e^x within 1.1 ULP, GELU within 1.5e-7 max(1, |x|) of the true value. Tails
// are masked, so an element's result does not depend on its place.
#include "../math/avx2.h"

#if ATTUNE_X86

ATTUNE_AVX2 void attune_axpy_f32_avx2(float alpha, const float *x, float *y, size_t n) {
    const __m256 a = _mm256_set1_ps(alpha);
    EACH_8(n, { store256(y + i, mask, _mm256_fmadd_ps(a, load256(x + i, mask), load256(y + i, mask))); });
}

ATTUNE_AVX2 void attune_scale_f32_avx2(float alpha, float *x, size_t n) {
    const __m256 a = _mm256_set1_ps(alpha);
    EACH_8(n, { store256(x + i, mask, _mm256_mul_ps(a, load256(x + i, mask))); });
}

ATTUNE_AVX2 void attune_multiply_f32_avx2(const float *x, float *y, size_t n) {
    EACH_8(n, { store256(y + i, mask, _mm256_mul_ps(load256(x + i, mask), load256(y + i, mask))); });
}

ATTUNE_AVX2 void attune_exponential_f32_avx2(const float *x, float *y, size_t n) {
    EACH_8(n, { store256(y + i, mask, exp256(load256(x + i, mask))); });
}

ATTUNE_AVX2 void attune_gelu_erf_f32_avx2(const float *x, float *y, size_t n) {
    EACH_8(n, {
        const __m256 v = load256(x + i, mask);
        store256(y + i, mask, _mm256_mul_ps(v, normal_distribution256(v)));
    });
}

ATTUNE_AVX2 void attune_gelu_erf_backward_f32_avx2(const float *dy, const float *x, float *dx, size_t n) {
    EACH_8(n, {
        const __m256 v = load256(x + i, mask);
        const __m256 power = _mm256_mul_ps(_mm256_mul_ps(v, _mm256_set1_ps(-0.5f)), v);
        const __m256 density = _mm256_mul_ps(exp256(power), _mm256_set1_ps(RECIPROCAL_SQRT_TWO_PI));
        const __m256 slope = _mm256_fmadd_ps(v, density, normal_distribution256(v));
        store256(dx + i, mask, _mm256_mul_ps(load256(dy + i, mask), slope));
    });
}

ATTUNE_AVX2 void attune_gelu_tanh_f32_avx2(const float *x, float *y, size_t n) {
    EACH_8(n, { store256(y + i, mask, gelu_tanh256(load256(x + i, mask))); });
}

ATTUNE_AVX2 void attune_gelu_tanh_backward_f32_avx2(const float *dy, const float *x, float *dx, size_t n) {
    const __m256 limit = _mm256_set1_ps(GELU_LIMIT), one = _mm256_set1_ps(1);
    EACH_8(n, {
        // Beyond the limit the derivative is 0 or 1 to the last bit, and the cube would overflow further out.
        const __m256 v = _mm256_max_ps(_mm256_set1_ps(-GELU_LIMIT), _mm256_min_ps(limit, load256(x + i, mask)));
        const __m256 square = _mm256_mul_ps(v, v);
        // s (1 - s) of the sigmoid s by e^-|u|: 1 - s would lose its digits where s is near 1.
        const __m256 e = exp256(_mm256_mul_ps(abs256(v), gelu_exponent256(square)));
        const __m256 r = _mm256_div_ps(one, _mm256_add_ps(one, e));
        const __m256 s = _mm256_blendv_ps(r, _mm256_mul_ps(e, r), v);
        const __m256 slope = _mm256_mul_ps(
            v, _mm256_fmadd_ps(_mm256_set1_ps(3 * GELU_TWO_C_CUBE), square, _mm256_set1_ps(GELU_TWO_C)));
        const __m256 derivative = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_mul_ps(e, r), r), slope, s);
        store256(dx + i, mask, _mm256_mul_ps(load256(dy + i, mask), derivative));
    });
}
#endif
