// Distances with NEON.
//
// Instructions: fmla (4 cycles, two to four a cycle), fsub; faddp for the sums of lanes. float16: fcvtl. bfloat16:
// ushll. int8: smull and sadalp; differences by sabd, umull, uadalp. Bits: cnt, uadalp. Tails go lane by lane or
// through a buffer: NEON has no masks.
// Numeric policy: float32 in the order of loops.h; 16-bit floats are widened exactly first, so their products and
// differences are those of float32. Integers are exact. Four accumulators a row; the registers hold four rows.
#include "../math/neon.h"
#include "names.h"

#if ATTUNE_ARM64
#define TARGET
#define ISA neon
#define ROWS 4
#define TILE 4

/// The totals of four, each by the tree of sum_of_lanes.
ATTUNE_INLINE void sums_of_lanes(const float32x4_t s[4], float *out) {
    vst1q_f32(out, vpaddq_f32(vpaddq_f32(s[0], s[1]), vpaddq_f32(s[2], s[3])));
}
ATTUNE_INLINE int32_t sum_of_integers(uint32x4_t v) { return (int32_t)vaddvq_u32(v); }
ATTUNE_INLINE void sums_of_integers(const uint32x4_t s[4], int32_t *out) {
    const uint32x4_t sums = vpaddq_u32(vpaddq_u32(s[0], s[1]), vpaddq_u32(s[2], s[3]));
    vst1q_s32(out, vreinterpretq_s32_u32(sums));
}

/// The first `rest` bytes at p, fewer than 16, zeros behind.
ATTUNE_INLINE uint8x16_t bytes16(const void *p, size_t rest) {
    uint8_t bytes[16] = {0};
    __builtin_memcpy(bytes, p, rest);
    return vld1q_u8(bytes);
}

// float32

ATTUNE_INLINE float32x4_t products_f32(float32x4_t a, float32x4_t b, float32x4_t s) { return fused(a, b, s); }
ATTUNE_INLINE float32x4_t differences_f32(float32x4_t a, float32x4_t b, float32x4_t s) {
    const float32x4_t d = vsubq_f32(a, b);
    return fused(d, d, s);
}

#define TYPE f32
#define ELEMENT float
#define RESULT float
#define LANES float32x4_t
#define SUM float32x4_t
#define WIDTH 4
#define LOAD(p) vld1q_f32(p)
#define LOAD_PART(p, rest) load4(p, rest)
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO vdupq_n_f32(0)
#define ADD vaddq_f32
#define TOTAL sum_of_lanes
#define TOTALS sums_of_lanes
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

// float16 and bfloat16: a load holds two lots of 4 floats.

typedef struct two_lanes {
    float32x4_t low, high;
} two_lanes;

ATTUNE_INLINE float32x4_t products_two(two_lanes a, two_lanes b, float32x4_t s) {
    return products_f32(a.high, b.high, products_f32(a.low, b.low, s));
}
ATTUNE_INLINE float32x4_t differences_two(two_lanes a, two_lanes b, float32x4_t s) {
    return differences_f32(a.high, b.high, differences_f32(a.low, b.low, s));
}

ATTUNE_INLINE two_lanes two_float16(uint16x8_t x) {
    return (two_lanes){widened_float16(vget_low_u16(x)), widened_float16(vget_high_u16(x))};
}
ATTUNE_INLINE two_lanes two_bfloat16(uint16x8_t x) {
    return (two_lanes){widened_bfloat16(vget_low_u16(x)), widened_bfloat16(vget_high_u16(x))};
}

#define TYPE f16
#define ELEMENT uint16_t
#define RESULT float
#define LANES two_lanes
#define SUM float32x4_t
#define WIDTH 8
#define LOAD(p) two_float16(vld1q_u16(p))
#define LOAD_PART(p, rest) two_float16(vreinterpretq_u16_u8(bytes16(p, 2 * (rest))))
#define PRODUCT products_two
#define DIFFERENCE differences_two
#define ZERO vdupq_n_f32(0)
#define ADD vaddq_f32
#define TOTAL sum_of_lanes
#define TOTALS sums_of_lanes
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

#define TYPE bf16
#define ELEMENT uint16_t
#define RESULT float
#define LANES two_lanes
#define SUM float32x4_t
#define WIDTH 8
#define LOAD(p) two_bfloat16(vld1q_u16(p))
#define LOAD_PART(p, rest) two_bfloat16(vreinterpretq_u16_u8(bytes16(p, 2 * (rest))))
#define PRODUCT products_two
#define DIFFERENCE differences_two
#define ZERO vdupq_n_f32(0)
#define ADD vaddq_f32
#define TOTAL sum_of_lanes
#define TOTALS sums_of_lanes
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

// int8. A product fits 16 bits, two of them do not: each is added to 32 bits on its own.

ATTUNE_INLINE uint32x4_t products_i8(int8x16_t a, int8x16_t b, uint32x4_t s) {
    int32x4_t sum = vreinterpretq_s32_u32(s);
    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    return vreinterpretq_u32_s32(vpadalq_s16(sum, vmull_high_s8(a, b)));
}
ATTUNE_INLINE uint32x4_t differences_i8(int8x16_t a, int8x16_t b, uint32x4_t s) {
    // Without a sign, a magnitude up to 255 fits a byte.
    const uint8x16_t d = vreinterpretq_u8_s8(vabdq_s8(a, b));
    return vpadalq_u16(vpadalq_u16(s, vmull_u8(vget_low_u8(d), vget_low_u8(d))), vmull_high_u8(d, d));
}

#define TYPE i8
#define ELEMENT int8_t
#define RESULT int32_t
#define LANES int8x16_t
#define SUM uint32x4_t
#define WIDTH 16
#define LOAD(p) vld1q_s8(p)
#define LOAD_PART(p, rest) vreinterpretq_s8_u8(bytes16(p, rest))
#define PRODUCT products_i8
#define DIFFERENCE differences_i8
#define ZERO vdupq_n_u32(0)
#define ADD vaddq_u32
#define TOTAL sum_of_integers
#define TOTALS sums_of_integers
#define CHAINS 1
#define NORM int_norm
#define COSINE int_cosine
#include "loops.h"
#include "forms_of_number.h"

// Rows of an index, with a query in float32: the elements become the floats that they stand for on their way in.

/// The first `rest` bytes at p, fewer than 8, zeros behind.
ATTUNE_INLINE uint8x8_t bytes8(const void *p, size_t rest) {
    uint8_t bytes[8] = {0};
    __builtin_memcpy(bytes, p, rest);
    return vld1_u8(bytes);
}
ATTUNE_INLINE float32x4_t four_bfloats(uint8x8_t x) { return widened_bfloat16(vreinterpret_u16_u8(x)); }
ATTUNE_INLINE float32x4_t four_floats(uint8x8_t x) {
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(x))));
}

typedef struct row_factors {
    float32x4_t step, low;
} row_factors;

ATTUNE_INLINE row_factors factors_of(const uint8_t *row, size_t n) {
    return (row_factors){vdupq_n_f32(byte_row_factor(row, n, 0)), vdupq_n_f32(byte_row_factor(row, n, 1))};
}
ATTUNE_INLINE float32x4_t decoded(row_factors f, float32x4_t x) { return fused(f.step, x, f.low); }
ATTUNE_INLINE float32x4_t decoded_part(row_factors f, float32x4_t x, size_t rest) {
    float values[4];
    vst1q_f32(values, decoded(f, x));
    return load4(values, rest);
}

#define TYPE f32_bf16
#define QUERY float
#define ELEMENT uint16_t
#define RESULT float
#define LANES float32x4_t
#define SUM float32x4_t
#define WIDTH 4
#define QUERY_LOAD(p) vld1q_f32(p)
#define QUERY_LOAD_PART(p, rest) load4(p, rest)
#define LOAD(p) four_bfloats(vld1_u8((const uint8_t *)(p)))
#define LOAD_PART(p, rest) four_bfloats(bytes8(p, 2 * (rest)))
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO vdupq_n_f32(0)
#define ADD vaddq_f32
#define TOTAL sum_of_lanes
#define TOTALS sums_of_lanes
#include "block.h"
#include "forms_of_rows.h"

#define TYPE f32_u8
#define QUERY float
#define ELEMENT uint8_t
#define RESULT float
#define LANES float32x4_t
#define SUM float32x4_t
#define WIDTH 4
#define QUERY_LOAD(p) vld1q_f32(p)
#define QUERY_LOAD_PART(p, rest) load4(p, rest)
#define LOAD(p) four_floats(bytes8(p, 4))
#define LOAD_PART(p, rest) four_floats(bytes8(p, rest))
#define FACTORS row_factors
#define FACTORS_OF factors_of
#define DECODED decoded
#define DECODED_PART decoded_part
#define STORE vst1q_f32
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO vdupq_n_f32(0)
#define ADD vaddq_f32
#define TOTAL sum_of_lanes
#define TOTALS sums_of_lanes
#include "block.h"
#include "forms_of_rows.h"

// Bits

ATTUNE_INLINE uint32x4_t unequal_bits(uint8x16_t a, uint8x16_t b, uint32x4_t s) {
    return vpadalq_u16(s, vpaddlq_u8(vcntq_u8(veorq_u8(a, b))));
}

#define TYPE b1
#define ELEMENT uint8_t
#define RESULT int32_t
#define LANES uint8x16_t
#define SUM uint32x4_t
#define WIDTH 16
#define LOAD(p) vld1q_u8(p)
#define LOAD_PART(p, rest) bytes16(p, rest)
#define PRODUCT unequal_bits
#define ZERO vdupq_n_u32(0)
#define ADD vaddq_u32
#define TOTAL sum_of_integers
#define TOTALS sums_of_integers
#define CHAINS 1
#include "loops.h"
#include "forms_of_bits.h"
#endif
