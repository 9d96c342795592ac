// What products read, made from what other kernels wrote: NEON.
//
// Instructions: comparisons and bsl (the range of a row), fcvtns and saturating narrowing (8 bits); zip (a
// transposition of 4 by 4 words, and pairs).
// Numeric policy: the bits of the scalar version.
#include "../math/neon.h"
#include "quantization.h"

#if ATTUNE_ARM64

void attune_quantize_neon(const float *x, size_t n, uint8_t *y, float *scale, int32_t *zero) {
    // The lowest is minus the largest of -x: a NaN is passed over.
    float32x4_t below = vdupq_n_f32(0), high = vdupq_n_f32(0);
    EACH_4(n, {
        const float32x4_t v = load4(x + i, rest);
        below = larger(vnegq_f32(v), below);
        high = larger(v, high);
    });
    const attune_quantization q = attune_quantization_of(-vmaxvq_f32(below), vmaxvq_f32(high));
    const int32x4_t shift = vdupq_n_s32(q.zero);
    EACH_4(n, {
        const float32x4_t v = vmulq_f32(load4(x + i, rest), vdupq_n_f32(q.reciprocal));
        const uint16x4_t words = vqmovun_s32(vqaddq_s32(vcvtnq_s32_f32(v), shift));
        // A NaN is 0, not the zero point.
        const uint16x4_t numbers = vand_u16(words, vmovn_u32(vceqq_f32(v, v)));
        uint8_t bytes[8];
        vst1_u8(bytes, vqmovn_u16(vcombine_u16(numbers, numbers)));
        __builtin_memcpy(y + i, bytes, rest);
    });
    *scale = q.scale;
    *zero = q.zero;
}

/// Words k...k+3 of a row, zeros behind its end.
ATTUNE_INLINE uint32x4_t words_at(const uint32_t *row, size_t k, size_t words) {
    if (k + 4 <= words) return vld1q_u32(row + k);
    uint32_t rest[4] = {0};
    __builtin_memcpy(rest, row + k, (words - k) * sizeof *rest);
    return vld1q_u32(rest);
}

void attune_pack_words_neon(const uint32_t *x, size_t stride, size_t rows, size_t words, uint32_t *packed) {
    for (size_t first = 0; first < rows; first += ATTUNE_PANEL, packed += ATTUNE_PANEL * words) {
        for (size_t part = 0; part < ATTUNE_PANEL; part += 4) {
            for (size_t k = 0; k < words; k += 4) {
                uint32x4_t a[4];
                for (size_t i = 0; i < 4; i++) {
                    const size_t row = first + part + i;
                    a[i] = row < rows ? words_at(x + row * stride, k, words) : vdupq_n_u32(0);
                }
                // Rows 0 and 2, 1 and 3 interleaved; then these.
                const uint32x4_t b0 = vzip1q_u32(a[0], a[2]), b1 = vzip2q_u32(a[0], a[2]);
                const uint32x4_t c0 = vzip1q_u32(a[1], a[3]), c1 = vzip2q_u32(a[1], a[3]);
                const uint32x4_t columns[4] = {
                    vzip1q_u32(b0, c0), vzip2q_u32(b0, c0), vzip1q_u32(b1, c1), vzip2q_u32(b1, c1)};
                for (size_t c = 0; c < 4 && k + c < words; c++) {
                    vst1q_u32(packed + (k + c) * ATTUNE_PANEL + part, columns[c]);
                }
            }
        }
    }
}

void attune_pack_pairs_neon(const uint16_t *x, size_t stride, size_t rows, size_t columns, uint16_t *packed) {
    for (size_t first = 0; first < columns; first += ATTUNE_PANEL) {
        for (size_t row = 0; row < rows; row += 2, packed += 2 * ATTUNE_PANEL) {
            const uint16_t *a = x + row * stride, *b = row + 1 < rows ? a + stride : 0;
            for (size_t j = 0; j < ATTUNE_PANEL; j += 4) {
                const size_t column = first + j, rest = column < columns ? columns - column : 0;
                const uint16x4_t none = vdup_n_u16(0);
                const uint16x4_t lower = rest > 0 ? load_halves4(a + column, rest) : none;
                const uint16x4_t upper = rest > 0 && b ? load_halves4(b + column, rest) : none;
                vst1_u16(packed + 2 * j, vzip1_u16(lower, upper));
                vst1_u16(packed + 2 * j + 4, vzip2_u16(lower, upper));
            }
        }
    }
}
#endif
