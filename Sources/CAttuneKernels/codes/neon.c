// One-bit codes with NEON.
//
// Instructions: tbl looks 16 codes of four bits up in a table of 16 bytes, ssra adds the upper bytes of 16 bits; sums are 16
// bits wide for 1024 coordinates, then 32.
// Numeric policy: the bits of the scalar version: products and sums are not fused.
#include "codes.h"
#include "../math/neon.h"

#if ATTUNE_ARM64

#pragma STDC FP_CONTRACT OFF

ATTUNE_INLINE float32x4_t negated_where(float32x4_t v, uint32x4_t lanes) {
    return vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(v), vshlq_n_u32(lanes, 31)));
}

ATTUNE_INLINE void flip(const uint8_t *signs, float *x, size_t n, float factor) {
    static const int32_t places[8] = {0, -1, -2, -3, -4, -5, -6, -7};
    const float32x4_t factors = vdupq_n_f32(factor);
    const int32x4_t first = vld1q_s32(places), second = vld1q_s32(places + 4);
    for (size_t i = 0; i < n; i += 8) {
        const uint32x4_t bits = vdupq_n_u32(signs[i / 8]);
        vst1q_f32(x + i, vmulq_f32(vld1q_f32(x + i), negated_where(factors, vshlq_u32(bits, first))));
        vst1q_f32(x + i + 4, vmulq_f32(vld1q_f32(x + i + 4), negated_where(factors, vshlq_u32(bits, second))));
    }
}

ATTUNE_INLINE void transform(float *x, size_t n) {
    static const uint32_t lanes[8] = {0, 0, 1, 1, 0, 1, 0, 1};
    for (size_t h = n / 2; h >= 4; h /= 2) {
        for (size_t i = 0; i < n; i += 2 * h) {
            for (size_t j = i; j < i + h; j += 4) {
                const float32x4_t a = vld1q_f32(x + j), b = vld1q_f32(x + j + h);
                vst1q_f32(x + j, vaddq_f32(a, b));
                vst1q_f32(x + j + h, vsubq_f32(a, b));
            }
        }
    }
    const uint32x4_t two = vld1q_u32(lanes), one = vld1q_u32(lanes + 4);
    for (size_t i = 0; i < n; i += 4) {
        float32x4_t v = vld1q_f32(x + i);
        v = vaddq_f32(vextq_f32(v, v, 2), negated_where(v, two));
        v = vaddq_f32(vrev64q_f32(v), negated_where(v, one));
        vst1q_f32(x + i, v);
    }
}

ATTUNE_INLINE void fold(float *x, float *y, size_t n, float factor) {
    const float32x4_t factors = vdupq_n_f32(factor);
    for (size_t i = 0; i < n; i += 4) {
        const float32x4_t a = vld1q_f32(x + i), b = vld1q_f32(y + i);
        vst1q_f32(x + i, vmulq_f32(vaddq_f32(a, b), factors));
        vst1q_f32(y + i, vmulq_f32(vsubq_f32(a, b), factors));
    }
}

ATTUNE_ROTATION(neon, , flip, transform, fold)

ATTUNE_CODE_TABLES(neon, , fill_column)

/// The sums of up to 256 columns, added to 32 numbers of 32 bits.
ATTUNE_INLINE void add_sums(const uint8_t *tables, size_t columns, const uint8_t *codes, uint32x4_t sums[8]) {
    const uint8x16_t low = vdupq_n_u8(15);
    // Of each 16 bits: both bytes together, and the upper one, of the lower and of the upper halves of the codes.
    uint16x8_t s[4] = {vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)};
    for (size_t c = 0; c < columns; c++) {
        const uint8x16_t table = vld1q_u8(tables + 16 * c), code = vld1q_u8(codes + 16 * c);
        const uint16x8_t a = vreinterpretq_u16_u8(vqtbl1q_u8(table, vandq_u8(code, low)));
        const uint16x8_t b = vreinterpretq_u16_u8(vqtbl1q_u8(table, vshrq_n_u8(code, 4)));
        s[0] = vaddq_u16(s[0], a);
        s[1] = vsraq_n_u16(s[1], a, 8);
        s[2] = vaddq_u16(s[2], b);
        s[3] = vsraq_n_u16(s[3], b, 8);
    }
    s[0] = vsubq_u16(s[0], vshlq_n_u16(s[1], 8));
    s[2] = vsubq_u16(s[2], vshlq_n_u16(s[3], 8));
    UNROLL for (int i = 0; i < 4; i++) {
        sums[2 * i] = vaddw_u16(sums[2 * i], vget_low_u16(s[i]));
        sums[2 * i + 1] = vaddw_u16(sums[2 * i + 1], vget_high_u16(s[i]));
    }
}

ATTUNE_INLINE void block_sums(const uint8_t *tables, size_t columns, const uint8_t *codes, uint32x4_t sums[8]) {
    UNROLL for (int i = 0; i < 8; i++) sums[i] = vdupq_n_u32(0);
    for (; columns > ATTUNE_CODE_CHUNK; columns -= ATTUNE_CODE_CHUNK) {
        add_sums(tables, ATTUNE_CODE_CHUNK, codes, sums);
        tables += 16 * ATTUNE_CODE_CHUNK;
        codes += 16 * ATTUNE_CODE_CHUNK;
    }
    add_sums(tables, columns, codes, sums);
}

void attune_code_sums_neon(
    const uint8_t *tables, size_t columns, const uint8_t *blocks, size_t block_size, size_t block_count,
    uint32_t *sums, const uint8_t *coming) {
    for (size_t i = 0; i < block_count; i++, blocks += block_size) {
        uint32x4_t s[8];
        if (coming) attune_fetch(coming + i * block_size, block_size);
        block_sums(tables, columns, blocks, s);
        for (int part = 0; part < 8; part++, sums += 4) vst1q_u32(sums, s[part]);
    }
}

ATTUNE_INLINE uint32_t reach(const attune_code_query *q, const uint8_t *block, float *reaches) {
    static const uint32_t bits[4] = {1, 2, 4, 8};
    const float *squares = (const float *)(block + 16 * q->columns);
    const float *rescales = squares + ATTUNE_CODE_BLOCK, *addends = rescales + ATTUNE_CODE_BLOCK;
    const float32x4_t step = vdupq_n_f32(q->step), offset = vdupq_n_f32(q->offset), zero = vdupq_n_f32(0);
    const float32x4_t threshold = vdupq_n_f32(q->threshold), addend_scale = vdupq_n_f32(q->addend_scale);
    const float32x4_t spread = vdupq_n_f32(q->spread), rescale_square = vdupq_n_f32(q->rescale_square);
    const float32x4_t length_square = vdupq_n_f32(q->length_square);
    uint32x4_t sums[8];
    uint32_t hopeless = 0;
    block_sums(q->tables, q->columns, block, sums);
    UNROLL for (int i = 0; i < 8; i++) {
        const float32x4_t square = vld1q_f32(squares + 4 * i), rescale = vld1q_f32(rescales + 4 * i);
        const float32x4_t addend = vaddq_f32(
            vmulq_f32(addend_scale, square), q->has_addends ? vld1q_f32(addends + 4 * i) : zero);
        const float32x4_t product = vaddq_f32(vmulq_f32(vcvtq_f32_u32(sums[i]), step), offset);
        const float32x4_t found = vsubq_f32(vmulq_f32(rescale, product), addend);
        vst1q_f32(reaches + 4 * i, found);
        const float32x4_t t = vaddq_f32(addend, threshold), gap = vsubq_f32(threshold, found);
        // A NaN becomes 0, as it does in the other versions.
        const float32x4_t positive = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(t), vcgtq_f32(t, zero)));
        const float32x4_t width = vmulq_f32(
            spread, vsubq_f32(vmulq_f32(rescale_square, vmulq_f32(rescale, rescale)), square));
        const float32x4_t rest = vsubq_f32(vmulq_f32(length_square, square), vmulq_f32(positive, positive));
        const uint32x4_t is_far = vcgtq_f32(vmulq_f32(vmulq_f32(gap, gap), square), vmulq_f32(width, rest));
        const uint32x4_t lanes = vandq_u32(vandq_u32(is_far, vcgtq_f32(gap, zero)), vld1q_u32(bits));
        hopeless |= vaddvq_u32(lanes) << (4 * i);
    }
    return ~hopeless;
}

ATTUNE_CODE_SCAN(neon, , reach)
#endif
