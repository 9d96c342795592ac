// Optimiser steps with NEON.
//
// Instructions: fmla, fsqrt and fdiv (correctly rounded); tails lane by lane.
// Numeric policy: float32 in the order of the scalar version, products and sums fused.
#include "../math/neon.h"

#if ATTUNE_ARM64

void attune_adamw_f32_neon(
    float *parameters, const float *gradients, float *first_moment, float *second_moment, size_t n,
    const attune_adamw *setting) {
    const float32x4_t decay = vdupq_n_f32(setting->decay), gradient_scale = vdupq_n_f32(setting->gradient_scale);
    const float32x4_t c1 = vdupq_n_f32(setting->beta1_complement), c2 = vdupq_n_f32(setting->beta2_complement);
    const float32x4_t beta2 = vdupq_n_f32(setting->beta2), step_size = vdupq_n_f32(setting->step_size);
    const float32x4_t correction = vdupq_n_f32(setting->correction), epsilon = vdupq_n_f32(setting->epsilon);
    EACH_4(n, {
        const float32x4_t g = vmulq_f32(load4(gradients + i, rest), gradient_scale);
        float32x4_t m = load4(first_moment + i, rest);
        m = fused(c1, vsubq_f32(g, m), m);
        const float32x4_t v = fused(c2, vmulq_f32(g, g), vmulq_f32(load4(second_moment + i, rest), beta2));
        store4(first_moment + i, rest, m);
        store4(second_moment + i, rest, v);
        const float32x4_t divisor = vaddq_f32(vdivq_f32(vsqrtq_f32(v), correction), epsilon);
        const float32x4_t decayed = vmulq_f32(load4(parameters + i, rest), decay);
        store4(parameters + i, rest, vfmsq_f32(decayed, step_size, vdivq_f32(m, divisor)));
    });
}
#endif
