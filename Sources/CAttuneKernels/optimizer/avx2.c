// Optimiser steps with AVX2 and FMA.
//
// Instructions: vfmadd, vsqrtps and vdivps (correctly rounded), vmaskmovps for the tail.
// Numeric policy: float32 in the order of the scalar version, products and sums fused.
#include "../math/avx2.h"

#if ATTUNE_X86

ATTUNE_AVX2 void attune_adamw_f32_avx2(
    float *parameters, const float *gradients, float *first_moment, float *second_moment, size_t n,
    const attune_adamw *setting) {
    const __m256 decay = _mm256_set1_ps(setting->decay), gradient_scale = _mm256_set1_ps(setting->gradient_scale);
    const __m256 c1 = _mm256_set1_ps(setting->beta1_complement), c2 = _mm256_set1_ps(setting->beta2_complement);
    const __m256 beta2 = _mm256_set1_ps(setting->beta2), step_size = _mm256_set1_ps(setting->step_size);
    const __m256 correction = _mm256_set1_ps(setting->correction), epsilon = _mm256_set1_ps(setting->epsilon);
    EACH_8(n, {
        const __m256 g = _mm256_mul_ps(load256(gradients + i, mask), gradient_scale);
        __m256 m = load256(first_moment + i, mask);
        m = _mm256_fmadd_ps(c1, _mm256_sub_ps(g, m), m);
        const __m256 v = _mm256_fmadd_ps(
            c2, _mm256_mul_ps(g, g), _mm256_mul_ps(load256(second_moment + i, mask), beta2));
        store256(first_moment + i, mask, m);
        store256(second_moment + i, mask, v);
        const __m256 divisor = _mm256_add_ps(_mm256_div_ps(_mm256_sqrt_ps(v), correction), epsilon);
        const __m256 decayed = _mm256_mul_ps(load256(parameters + i, mask), decay);
        store256(parameters + i, mask, _mm256_fnmadd_ps(step_size, _mm256_div_ps(m, divisor), decayed));
    });
}
#endif
