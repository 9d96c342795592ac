// What products read, made from what other kernels wrote: AVX-512 F, BW and VL.
//
// Instructions: vminps, vmaxps, vcvtps2dq and vpmovusdb (8 bits); unpacks and shuffles of 128 bits (a transposition of
// 16 by 16 words); vpermt2w (pairs).
// Numeric policy: the bits of the scalar version.
#include "../math/transpose512.h"
#include "quantization.h"

#if ATTUNE_X86

ATTUNE_AVX512 void attune_quantize_avx512(const float *x, size_t n, uint8_t *y, float *scale, int32_t *zero) {
    __m512 low = _mm512_setzero_ps(), high = _mm512_setzero_ps();
    EACH_16(n, {
        const __m512 v = load512(x + i, mask);
        // A NaN gives the second operand: what was found so far.
        low = _mm512_min_ps(v, low);
        high = _mm512_max_ps(v, high);
    });
    const attune_quantization q = attune_quantization_of(_mm512_reduce_min_ps(low), _mm512_reduce_max_ps(high));
    const __m512 factor = _mm512_set1_ps(q.reciprocal);
    const __m512i shift = _mm512_set1_epi32(q.zero), none = _mm512_setzero_si512();
    EACH_16(n, {
        const __m512i v = _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(load512(x + i, mask), factor)), shift);
        _mm512_mask_cvtusepi32_storeu_epi8(y + i, mask, _mm512_max_epi32(v, none));
    });
    *scale = q.scale;
    *zero = q.zero;
}

/// Transposes 16 rows of up to 16 words: out[k] holds word k of every row.
INLINE512 void transpose_words(const uint32_t *x, size_t stride, size_t rows, __mmask16 mask, __m512i out[16]) {
    __m512i a[16];
    for (size_t i = 0; i < 16; i++) {
        a[i] = i < rows ? _mm512_maskz_loadu_epi32(mask, x + i * stride) : _mm512_setzero_si512();
    }
    transpose512(a, out);
}

ATTUNE_AVX512 void attune_pack_words_avx512(
    const uint32_t *x, size_t stride, size_t rows, size_t words, uint32_t *packed) {
    for (size_t first = 0; first < rows; first += ATTUNE_PANEL, packed += ATTUNE_PANEL * words) {
        for (size_t half = 0; half < ATTUNE_PANEL; half += 16) {
            const size_t row = first + half;
            const size_t count = row >= rows ? 0 : rows - row < 16 ? rows - row : 16;
            for (size_t k = 0; k < words; k += 16) {
                const size_t width = words - k < 16 ? words - k : 16;
                __m512i out[16];
                transpose_words(
                    x + row * stride + k, stride, count, width == 16 ? 0xffff : tail_mask512(width), out);
                for (size_t i = 0; i < width; i++) _mm512_store_si512(packed + (k + i) * ATTUNE_PANEL + half, out[i]);
            }
        }
    }
}

ATTUNE_AVX512 void attune_pack_pairs_avx512(
    const uint16_t *x, size_t stride, size_t rows, size_t columns, uint16_t *packed) {
    static const uint16_t order[64] __attribute__((aligned(64))) = {
        0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
        11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53,
        22, 54, 23, 55, 24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63};
    const __m512i first_half = _mm512_load_si512(order), second_half = _mm512_load_si512(order + 32);
    for (size_t first = 0; first < columns; first += ATTUNE_PANEL) {
        const size_t width = columns - first;
        const __mmask32 mask = width >= 32 ? 0xffffffff : ((__mmask32)1 << width) - 1;
        for (size_t row = 0; row < rows; row += 2, packed += 2 * ATTUNE_PANEL) {
            const uint16_t *source = x + row * stride + first;
            const __m512i a = _mm512_maskz_loadu_epi16(mask, source);
            const __m512i b =
                row + 1 < rows ? _mm512_maskz_loadu_epi16(mask, source + stride) : _mm512_setzero_si512();
            _mm512_store_si512(packed, _mm512_permutex2var_epi16(a, first_half, b));
            _mm512_store_si512(packed + ATTUNE_PANEL, _mm512_permutex2var_epi16(a, second_half, b));
        }
    }
}
#endif
