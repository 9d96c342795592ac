// Element by element with NEON.
//
// Instructions: fmla (products and polynomials), frintn and shifted exponents (e^x), fdiv (the sigmoid), bsl for
// choosing between two polynomials; tails lane by lane.
// Numeric policy: float32 with fused multiply-adds; e^x within 1.1 ULP, GELU within 1.5e-7 max(1, |x|) of the true
// value. An element's result does not depend on its place.
#include "../math/neon.h"

#if ATTUNE_ARM64

void attune_axpy_f32_neon(float alpha, const float *x, float *y, size_t n) {
    const float32x4_t a = vdupq_n_f32(alpha);
    EACH_4(n, { store4(y + i, rest, fused(a, load4(x + i, rest), load4(y + i, rest))); });
}

void attune_scale_f32_neon(float alpha, float *x, size_t n) {
    const float32x4_t a = vdupq_n_f32(alpha);
    EACH_4(n, { store4(x + i, rest, vmulq_f32(a, load4(x + i, rest))); });
}

void attune_multiply_f32_neon(const float *x, float *y, size_t n) {
    EACH_4(n, { store4(y + i, rest, vmulq_f32(load4(x + i, rest), load4(y + i, rest))); });
}

void attune_exponential_f32_neon(const float *x, float *y, size_t n) {
    EACH_4(n, { store4(y + i, rest, exp4(load4(x + i, rest))); });
}

void attune_gelu_erf_f32_neon(const float *x, float *y, size_t n) {
    EACH_4(n, {
        const float32x4_t v = load4(x + i, rest);
        store4(y + i, rest, vmulq_f32(v, normal_distribution4(v)));
    });
}

void attune_gelu_erf_backward_f32_neon(const float *dy, const float *x, float *dx, size_t n) {
    EACH_4(n, {
        const float32x4_t v = load4(x + i, rest);
        const float32x4_t power = vmulq_f32(vmulq_f32(v, vdupq_n_f32(-0.5f)), v);
        const float32x4_t density = vmulq_f32(exp4(power), vdupq_n_f32(RECIPROCAL_SQRT_TWO_PI));
        const float32x4_t slope = fused(v, density, normal_distribution4(v));
        store4(dx + i, rest, vmulq_f32(load4(dy + i, rest), slope));
    });
}

void attune_gelu_tanh_f32_neon(const float *x, float *y, size_t n) {
    EACH_4(n, { store4(y + i, rest, gelu_tanh4(load4(x + i, rest))); });
}

void attune_gelu_tanh_backward_f32_neon(const float *dy, const float *x, float *dx, size_t n) {
    const float32x4_t one = vdupq_n_f32(1);
    EACH_4(n, {
        // Beyond the limit the derivative is 0 or 1 to the last bit, and the cube would overflow further out.
        const float32x4_t v = clamped(load4(x + i, rest), -GELU_LIMIT, GELU_LIMIT), square = vmulq_f32(v, v);
        // s (1 - s) of the sigmoid s by e^-|u|: 1 - s would lose its digits where s is near 1.
        const float32x4_t e = exp4(vmulq_f32(vabsq_f32(v), gelu_exponent4(square)));
        const float32x4_t r = vdivq_f32(one, vaddq_f32(one, e));
        const float32x4_t s = vbslq_f32(vcltq_f32(v, vdupq_n_f32(0)), vmulq_f32(e, r), r);
        const float32x4_t slope = vmulq_f32(v, next_term(vdupq_n_f32(3 * GELU_TWO_C_CUBE), square, GELU_TWO_C));
        const float32x4_t derivative = fused(vmulq_f32(vmulq_f32(e, r), r), slope, s);
        store4(dx + i, rest, vmulq_f32(load4(dy + i, rest), derivative));
    });
}
#endif
