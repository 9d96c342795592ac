// Rows with NEON.
//
// Instructions: fmla, fadd, comparison and bsl for maxima, smax on the bits of |x| (a NaN's are the largest), fdiv,
// fcvtl for sums in double precision; tails lane by lane.
// Numeric policy: float32; sums in four accumulators of 4 lanes, (0 + 1) + (2 + 3), then the same of the lanes, so
// their order depends on the length alone. sum_squares in double precision. Means and variances are divided and the
// reciprocal deviation computed in double precision.
#include "../math/neon.h"

#if ATTUNE_ARM64
#include <math.h>

float attune_sum_f32_neon(const float *x, size_t n) {
    float32x4_t s[4] = ZEROS_4;
    EACH_4_OF_4(n, { s[u] = vaddq_f32(s[u], load4(x + i, rest)); });
    return total4(s);
}

double attune_sum_squares_f32_neon(const float *x, size_t n) {
    float64x2_t s[4] = {vdupq_n_f64(0), vdupq_n_f64(0), vdupq_n_f64(0), vdupq_n_f64(0)};
    EACH_4_OF_4(n, {
        const float32x4_t v = load4(x + i, rest);
        const float64x2_t low = vcvt_f64_f32(vget_low_f32(v)), high = vcvt_high_f64_f32(v);
        s[u] = vfmaq_f64(vfmaq_f64(s[u], low, low), high, high);
    });
    const float64x2_t v = vaddq_f64(vaddq_f64(s[0], s[1]), vaddq_f64(s[2], s[3]));
    return vgetq_lane_f64(v, 0) + vgetq_lane_f64(v, 1);
}

float attune_max_abs_f32_neon(const float *x, size_t n) {
    int32x4_t m = vdupq_n_s32(0);
    EACH_4(n, { m = vmaxq_s32(m, vreinterpretq_s32_f32(vabsq_f32(load4(x + i, rest)))); });
    const int32_t bits = vmaxvq_s32(m);
    float result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}

/// sum of a*b.
ATTUNE_INLINE float dot_row(const float *a, const float *b, size_t n) {
    float32x4_t s[4] = ZEROS_4;
    EACH_4_OF_4(n, { s[u] = fused(load4(a + i, rest), load4(b + i, rest), s[u]); });
    return total4(s);
}

/// The largest of factor*x that is a number; -infinity where there is none.
ATTUNE_INLINE float32x4_t largest_of_row(float32x4_t factor, const float *x, size_t n) {
    float32x4_t m = vdupq_n_f32(-INFINITY);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) m = larger(vmulq_f32(factor, vld1q_f32(x + i)), m);
    for (; i < n; i++) m = larger(vmulq_f32(factor, vdupq_n_f32(x[i])), m);
    return vdupq_n_f32(vmaxvq_f32(m));
}

void attune_softmax_f32_neon(float *x, size_t n, float scale) {
    const float32x4_t factor = vdupq_n_f32(scale), largest = largest_of_row(factor, x, n);
    float32x4_t s[4] = ZEROS_4;
    EACH_4_OF_4(n, {
        const float32x4_t e = exp4(vsubq_f32(vmulq_f32(factor, load4(x + i, rest)), largest));
        store4(x + i, rest, e);
        s[u] = vaddq_f32(s[u], only4(rest, e));
    });
    attune_scale_f32_neon(1.0f / total4(s), x, n);
}

float attune_exponentials_bf16_neon(const float *x, size_t n, float scale, uint16_t *y) {
    const float32x4_t factor = vdupq_n_f32(scale), largest = largest_of_row(vdupq_n_f32(1), x, n);
    float32x4_t s[4] = ZEROS_4;
    EACH_4_OF_4(n, {
        const float32x4_t e = exp4(vmulq_f32(factor, vsubq_f32(load4(x + i, rest), largest)));
        store_halves4(y + i, rest, bfloat16_of(e));
        s[u] = vaddq_f32(s[u], only4(rest, e));
    });
    return 1 / total4(s);
}

void attune_softmax_backward_f32_neon(const float *dy, const float *y, float *dx, size_t n, float scale) {
    const float32x4_t factor = vdupq_n_f32(scale), t = vdupq_n_f32(dot_row(dy, y, n));
    EACH_4(n, {
        const float32x4_t d = vsubq_f32(load4(dy + i, rest), t);
        store4(dx + i, rest, vmulq_f32(vmulq_f32(factor, load4(y + i, rest)), d));
    });
}

void attune_layer_norm_f32_neon(
    const float *x, const float *gain, const float *bias, size_t n, float epsilon, float *y, float *mean,
    float *reciprocal_deviation) {
    const double count = n > 0 ? (double)n : 1;
    *mean = (float)(attune_sum_f32_neon(x, n) / count);
    const float32x4_t m = vdupq_n_f32(*mean);
    float32x4_t s[4] = ZEROS_4;
    EACH_4_OF_4(n, {
        const float32x4_t d = only4(rest, vsubq_f32(load4(x + i, rest), m));
        s[u] = fused(d, d, s[u]);
    });
    *reciprocal_deviation = (float)(1 / sqrt(total4(s) / count + epsilon));
    const float32x4_t r = vdupq_n_f32(*reciprocal_deviation);
    EACH_4(n, {
        const float32x4_t normal = vmulq_f32(vsubq_f32(load4(x + i, rest), m), r);
        store4(y + i, rest, fused(normal, load4(gain + i, rest), load4(bias + i, rest)));
    });
}

void attune_layer_norm_backward_f32_neon(
    const float *dy, const float *x, const float *gain, float mean, float reciprocal_deviation, size_t n, float *dx) {
    const float32x4_t m = vdupq_n_f32(mean), r = vdupq_n_f32(reciprocal_deviation);
    float32x4_t s[4] = ZEROS_4, t[4] = ZEROS_4;
    EACH_4_OF_4(n, {
        const float32x4_t g = vmulq_f32(load4(dy + i, rest), load4(gain + i, rest));
        s[u] = vaddq_f32(s[u], g);
        t[u] = fused(g, vmulq_f32(vsubq_f32(load4(x + i, rest), m), r), t[u]);
    });
    const double count = n > 0 ? (double)n : 1;
    const float32x4_t s_mean = vdupq_n_f32((float)(total4(s) / count));
    const float32x4_t t_mean = vdupq_n_f32((float)(total4(t) / count));
    EACH_4(n, {
        const float32x4_t g = vnegq_f32(vfmsq_f32(s_mean, load4(dy + i, rest), load4(gain + i, rest)));
        const float32x4_t normal = vmulq_f32(vsubq_f32(load4(x + i, rest), m), r);
        store4(dx + i, rest, vmulq_f32(r, vfmsq_f32(g, normal, t_mean)));
    });
}

void attune_layer_norm_backward_parameters_f32_neon(
    const float *dy, const float *x, float mean, float reciprocal_deviation, size_t n, float *gain_gradient,
    float *bias_gradient) {
    const float32x4_t m = vdupq_n_f32(mean), r = vdupq_n_f32(reciprocal_deviation);
    EACH_4(n, {
        const float32x4_t d = load4(dy + i, rest);
        const float32x4_t normal = vmulq_f32(vsubq_f32(load4(x + i, rest), m), r);
        store4(gain_gradient + i, rest, fused(d, normal, load4(gain_gradient + i, rest)));
        store4(bias_gradient + i, rest, vaddq_f32(d, load4(bias_gradient + i, rest)));
    });
}

float attune_normalize_f32_neon(float *x, size_t n, float epsilon) {
    float norm = (float)sqrt(attune_sum_squares_f32_neon(x, n));
    if (norm < epsilon) norm = epsilon;
    const float32x4_t divisor = vdupq_n_f32(norm);
    EACH_4(n, { store4(x + i, rest, vdivq_f32(load4(x + i, rest), divisor)); });
    return norm;
}

void attune_normalize_backward_f32_neon(const float *dy, const float *y, float norm, float *dx, size_t n) {
    const float32x4_t t = vdupq_n_f32(dot_row(dy, y, n)), divisor = vdupq_n_f32(norm);
    EACH_4(n, {
        const float32x4_t d = vfmsq_f32(load4(dy + i, rest), load4(y + i, rest), t);
        store4(dx + i, rest, vdivq_f32(d, divisor));
    });
}
#endif
