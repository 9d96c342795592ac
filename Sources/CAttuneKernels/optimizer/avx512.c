// Optimiser steps with AVX-512 F.
//
// Instructions: vfmadd, vsqrtps and vdivps (correctly rounded), masks for the tail.
// Numeric policy: float32 in the order of the scalar version, products and sums fused.
#include "../math/avx512.h"

#if ATTUNE_X86

ATTUNE_AVX512 void attune_adamw_f32_avx512(
    float *parameters, const float *gradients, float *first_moment, float *second_moment, size_t n,
    const attune_adamw *setting) {
    const __m512 decay = _mm512_set1_ps(setting->decay), gradient_scale = _mm512_set1_ps(setting->gradient_scale);
    const __m512 c1 = _mm512_set1_ps(setting->beta1_complement), c2 = _mm512_set1_ps(setting->beta2_complement);
    const __m512 beta2 = _mm512_set1_ps(setting->beta2), step_size = _mm512_set1_ps(setting->step_size);
    const __m512 correction = _mm512_set1_ps(setting->correction), epsilon = _mm512_set1_ps(setting->epsilon);
    EACH_16(n, {
        const __m512 g = _mm512_mul_ps(load512(gradients + i, mask), gradient_scale);
        __m512 m = load512(first_moment + i, mask);
        m = _mm512_fmadd_ps(c1, _mm512_sub_ps(g, m), m);
        const __m512 v = _mm512_fmadd_ps(
            c2, _mm512_mul_ps(g, g), _mm512_mul_ps(load512(second_moment + i, mask), beta2));
        store512(first_moment + i, mask, m);
        store512(second_moment + i, mask, v);
        const __m512 divisor = _mm512_add_ps(_mm512_div_ps(_mm512_sqrt_ps(v), correction), epsilon);
        const __m512 decayed = _mm512_mul_ps(load512(parameters + i, mask), decay);
        store512(parameters + i, mask, _mm512_fnmadd_ps(step_size, _mm512_div_ps(m, divisor), decayed));
    });
}
#endif
