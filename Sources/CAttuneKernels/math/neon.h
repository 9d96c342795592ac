// What the NEON kernels share: loops with incomplete tails, sums, 16-bit floats, e^x and the normal distribution.
// The baseline of Armv8.0-A: nothing in here needs an extension.
#ifndef ATTUNE_MATH_NEON_H
#define ATTUNE_MATH_NEON_H

#include "../kernel_list.h"
#include "constants.h"

#if ATTUNE_ARM64
#include <arm_neon.h>

#define UNROLL ATTUNE_UNROLL

// Loads and stores of the first `rest` lanes, from 1 to 4, lane by lane; with a constant 4 they are plain ones. Lanes
// behind the rest are zero, and computed with as all others: an element's result does not depend on its place.

ATTUNE_INLINE float32x4_t load4(const float *p, size_t rest) {
    if (rest >= 4) return vld1q_f32(p);
    float32x4_t v = vsetq_lane_f32(p[0], vdupq_n_f32(0), 0);
    if (rest > 1) v = vsetq_lane_f32(p[1], v, 1);
    return rest > 2 ? vsetq_lane_f32(p[2], v, 2) : v;
}

ATTUNE_INLINE void store4(float *p, size_t rest, float32x4_t v) {
    if (rest >= 4) {
        vst1q_f32(p, v);
        return;
    }
    p[0] = vgetq_lane_f32(v, 0);
    if (rest > 1) p[1] = vgetq_lane_f32(v, 1);
    if (rest > 2) p[2] = vgetq_lane_f32(v, 2);
}

ATTUNE_INLINE uint16x4_t load_halves4(const uint16_t *p, size_t rest) {
    if (rest >= 4) return vld1_u16(p);
    uint16_t halves[4] = {0};
    __builtin_memcpy(halves, p, rest * sizeof *p);
    return vld1_u16(halves);
}

ATTUNE_INLINE void store_halves4(uint16_t *p, size_t rest, uint16x4_t v) {
    if (rest >= 4) {
        vst1_u16(p, v);
        return;
    }
    uint16_t halves[4];
    vst1_u16(halves, v);
    __builtin_memcpy(p, halves, rest * sizeof *p);
}

/// The lanes that exist, zeros behind.
ATTUNE_INLINE float32x4_t only4(size_t rest, float32x4_t v) {
    static const uint32_t ones_and_zeros[8] = {~0u, ~0u, ~0u, ~0u};
    if (rest >= 4) return v;
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), vld1q_u32(ones_and_zeros + 4 - rest)));
}

/// Runs the statements for every 4 elements from i; `rest` is how many of them exist: all but in the last round.
#define EACH_4(n, ...)                                                                                                 \
    do {                                                                                                               \
        size_t i = 0;                                                                                                  \
        for (; i + 4 <= (n); i += 4) {                                                                                 \
            const size_t rest = 4;                                                                                     \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const size_t rest = (n) - i;                                                                               \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    } while (0)

/// The same with u = 0, 1, 2, 3 in turn: for four accumulators, which hide the latency of an addition.
#define EACH_4_OF_4(n, ...)                                                                                            \
    do {                                                                                                               \
        size_t i = 0;                                                                                                  \
        while (i + 16 <= (n)) {                                                                                        \
            const size_t rest = 4;                                                                                     \
            UNROLL for (int u = 0; u < 4; u++, i += 4) { __VA_ARGS__ }                                                 \
        }                                                                                                              \
        for (; i + 4 <= (n); i += 4) {                                                                                 \
            const size_t rest = 4;                                                                                     \
            const int u = 0;                                                                                           \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const size_t rest = (n) - i;                                                                               \
            const int u = 1;                                                                                           \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    } while (0)

#define ZEROS_4 {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)}

/// (0 + 1) + (2 + 3).
ATTUNE_INLINE float sum_of_lanes(float32x4_t v) {
    v = vpaddq_f32(v, v);
    return vgetq_lane_f32(vpaddq_f32(v, v), 0);
}

ATTUNE_INLINE float total4(const float32x4_t s[4]) {
    return sum_of_lanes(vaddq_f32(vaddq_f32(s[0], s[1]), vaddq_f32(s[2], s[3])));
}

/// The larger of each two; where one is NaN the other, as comparisons in C have it. (vmaxq gives the NaN.)
ATTUNE_INLINE float32x4_t larger(float32x4_t v, float32x4_t found) { return vbslq_f32(vcgtq_f32(v, found), v, found); }

// 16-bit floats, four at a time.

ATTUNE_INLINE float32x4_t widened_float16(uint16x4_t v) { return vcvt_f32_f16(vreinterpret_f16_u16(v)); }
ATTUNE_INLINE float32x4_t widened_bfloat16(uint16x4_t v) { return vreinterpretq_f32_u32(vshll_n_u16(v, 16)); }

/// The nearest bfloat16, ties to even, NaN stays NaN.
ATTUNE_INLINE uint16x4_t bfloat16_of(float32x4_t v) {
    const uint32x4_t bits = vreinterpretq_u32_f32(v), upper = vshrq_n_u32(bits, 16);
    const uint32x4_t increment = vaddq_u32(vdupq_n_u32(0x7fff), vandq_u32(upper, vdupq_n_u32(1)));
    const uint32x4_t rounded = vshrq_n_u32(vaddq_u32(bits, increment), 16);
    return vmovn_u32(vbslq_u32(vceqq_f32(v, v), rounded, vorrq_u32(upper, vdupq_n_u32(0x40))));
}

// Functions.

/// c + a*b, rounded once.
ATTUNE_INLINE float32x4_t fused(float32x4_t a, float32x4_t b, float32x4_t c) { return vfmaq_f32(c, a, b); }
/// A step of a polynomial: p*x + the next coefficient.
ATTUNE_INLINE float32x4_t next_term(float32x4_t p, float32x4_t x, float c) { return vfmaq_f32(vdupq_n_f32(c), p, x); }

/// x cut to low...high; NaN stays NaN.
ATTUNE_INLINE float32x4_t clamped(float32x4_t x, float low, float high) {
    return vmaxq_f32(vdupq_n_f32(low), vminq_f32(vdupq_n_f32(high), x));
}

/// 2^n of whole numbers for which it is a normal number.
ATTUNE_INLINE float32x4_t power_of_two(int32x4_t n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}

/// e^x within 1.1 ULP; NaN stays NaN.
ATTUNE_INLINE float32x4_t exp4(float32x4_t x) {
    x = clamped(x, EXP_LOWEST, EXP_HIGHEST);
    const float32x4_t n = vrndnq_f32(vmulq_f32(x, vdupq_n_f32(LOG2_E)));
    float32x4_t r = vfmsq_f32(x, n, vdupq_n_f32(LN_2_HIGH));
    r = vfmsq_f32(r, n, vdupq_n_f32(LN_2_LOW));
    float32x4_t p = next_term(vdupq_n_f32(EXP_C0), r, EXP_C1);
    p = next_term(p, r, EXP_C2);
    p = next_term(p, r, EXP_C3);
    p = next_term(p, r, EXP_C4);
    p = next_term(p, r, EXP_C5);
    p = fused(p, vmulq_f32(r, r), r);
    p = vaddq_f32(p, vdupq_n_f32(1));
    // 2^n in two factors, each a normal number, for results below the smallest normal and above the largest.
    const int32x4_t whole = vcvtq_s32_f32(n), first = vshrq_n_s32(whole, 1);
    return vmulq_f32(vmulq_f32(p, power_of_two(first)), power_of_two(vsubq_s32(whole, first)));
}

/// The normal distribution function (1 + erf(x/sqrt 2)) / 2. Below zero it comes from erfc, so its tail stays exact.
ATTUNE_INLINE float32x4_t normal_distribution4(float32x4_t x) {
    const float32x4_t z = vmulq_f32(x, vdupq_n_f32(SQRT_HALF));
    const float32x4_t t = vabsq_f32(z), square = vmulq_f32(z, z), half = vdupq_n_f32(0.5f);

    float32x4_t small = next_term(vdupq_n_f32(ERF_SMALL_0), square, ERF_SMALL_1);
    small = next_term(small, square, ERF_SMALL_2);
    small = next_term(small, square, ERF_SMALL_3);
    small = next_term(small, square, ERF_SMALL_4);
    small = next_term(small, square, ERF_SMALL_5);
    small = fused(half, fused(small, z, z), half);

    float32x4_t large = next_term(vdupq_n_f32(ERF_LARGE_0), t, ERF_LARGE_1);
    large = fused(large, square, next_term(vdupq_n_f32(ERF_LARGE_2), t, ERF_LARGE_3));
    large = next_term(large, t, ERF_LARGE_4);
    large = next_term(large, t, ERF_LARGE_5);
    large = next_term(large, t, ERF_LARGE_6);
    large = vmulq_f32(half, exp4(vnegq_f32(vfmsq_f32(t, large, t))));
    large = vbslq_f32(vcgtq_f32(x, vdupq_n_f32(0)), vsubq_f32(vdupq_n_f32(1), large), large);

    return vbslq_f32(vcgtq_f32(t, vdupq_n_f32(ERF_BORDER)), large, small);
}

/// -u/v of the tanh form of GELU, v / (1 + e^-u) with u = 2 sqrt(2/pi) (v + 0.044715 v^3).
ATTUNE_INLINE float32x4_t gelu_exponent4(float32x4_t square) {
    return next_term(vdupq_n_f32(-GELU_TWO_C_CUBE), square, -GELU_TWO_C);
}

ATTUNE_INLINE float32x4_t gelu_tanh4(float32x4_t v) {
    const float32x4_t e = exp4(vmulq_f32(v, gelu_exponent4(vmulq_f32(v, v))));
    return vdivq_f32(v, vaddq_f32(vdupq_n_f32(1), e));
}

/// GELU by the normal distribution's short form.
ATTUNE_INLINE float32x4_t short_gelu4(float32x4_t v) {
    const float32x4_t x = clamped(v, -SHORT_GELU_LIMIT, SHORT_GELU_LIMIT), square = vmulq_f32(x, x);
    float32x4_t p = next_term(vdupq_n_f32(SHORT_GELU_6), square, SHORT_GELU_5);
    p = next_term(p, square, SHORT_GELU_4);
    p = next_term(p, square, SHORT_GELU_3);
    p = next_term(p, square, SHORT_GELU_2);
    p = next_term(p, square, SHORT_GELU_1);
    p = next_term(p, square, SHORT_GELU_0);
    return vmulq_f32(v, fused(p, x, vdupq_n_f32(0.5f)));
}

#endif
#endif
