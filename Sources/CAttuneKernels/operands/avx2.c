// What products read, made from what other kernels wrote: AVX2.
//
// Instructions: vminps, vmaxps, vcvtps2dq and saturating packs (8 bits); unpacks (a transposition of 8 by 8 words, and
// pairs).
// Numeric policy: the bits of the scalar version.
#include "../math/avx2.h"
#include "quantization.h"

#if ATTUNE_X86

ATTUNE_AVX2 void attune_quantize_avx2(const float *x, size_t n, uint8_t *y, float *scale, int32_t *zero) {
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    EACH_8(n, {
        const __m256 v = load256(x + i, mask);
        // A NaN gives the second operand: what was found so far.
        low = _mm256_min_ps(v, low);
        high = _mm256_max_ps(v, high);
    });
    const float lowest = -largest256(_mm256_sub_ps(_mm256_setzero_ps(), low));
    const attune_quantization q = attune_quantization_of(lowest, largest256(high));
    const __m256 factor = _mm256_set1_ps(q.reciprocal);
    const __m256i shift = _mm256_set1_epi32(q.zero);
    EACH_8(n, {
        const __m256i v = _mm256_add_epi32(_mm256_cvtps_epi32(_mm256_mul_ps(load256(x + i, mask), factor)), shift);
        const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        uint8_t bytes[16];
        _mm_storeu_si128((__m128i *)bytes, _mm_packus_epi16(words, words));
        __builtin_memcpy(y + i, bytes, n - i < 8 ? n - i : 8);
    });
    *scale = q.scale;
    *zero = q.zero;
}

ATTUNE_AVX2 void attune_pack_words_avx2(
    const uint32_t *x, size_t stride, size_t rows, size_t words, uint32_t *packed) {
    for (size_t first = 0; first < rows; first += ATTUNE_PANEL, packed += ATTUNE_PANEL * words) {
        for (size_t part = 0; part < ATTUNE_PANEL; part += 8) {
            for (size_t k = 0; k < words; k += 8) {
                const __m256i mask = tail_mask256(words - k < 8 ? words - k : 8);
                __m256i a[8], b[8];
                for (size_t i = 0; i < 8; i++) {
                    const size_t row = first + part + i;
                    a[i] = row < rows ? _mm256_maskload_epi32((const int *)x + row * stride + k, mask)
                                      : _mm256_setzero_si256();
                }
                for (int i = 0; i < 8; i += 2) {
                    b[i] = _mm256_unpacklo_epi32(a[i], a[i + 1]);
                    b[i + 1] = _mm256_unpackhi_epi32(a[i], a[i + 1]);
                }
                for (int i = 0; i < 8; i += 4) {
                    a[i] = _mm256_unpacklo_epi64(b[i], b[i + 2]);
                    a[i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 2]);
                    a[i + 2] = _mm256_unpacklo_epi64(b[i + 1], b[i + 3]);
                    a[i + 3] = _mm256_unpackhi_epi64(b[i + 1], b[i + 3]);
                }
                for (size_t c = 0; c < 4; c++) {
                    uint32_t *to = packed + (k + c) * ATTUNE_PANEL + part;
                    if (k + c < words) {
                        _mm256_storeu_si256((__m256i *)to, _mm256_permute2x128_si256(a[c], a[4 + c], 0x20));
                    }
                    if (k + 4 + c < words) {
                        _mm256_storeu_si256(
                            (__m256i *)(to + 4 * ATTUNE_PANEL), _mm256_permute2x128_si256(a[c], a[4 + c], 0x31));
                    }
                }
            }
        }
    }
}

ATTUNE_AVX2 void attune_pack_pairs_avx2(
    const uint16_t *x, size_t stride, size_t rows, size_t columns, uint16_t *packed) {
    const size_t whole = columns / 8 * 8;
    for (size_t first = 0; first < columns; first += ATTUNE_PANEL) {
        for (size_t row = 0; row < rows; row += 2, packed += 2 * ATTUNE_PANEL) {
            const uint16_t *a = x + row * stride, *b = row + 1 < rows ? a + stride : 0;
            for (size_t j = 0; j < ATTUNE_PANEL; j += 8) {
                const size_t column = first + j;
                __m128i upper = _mm_setzero_si128(), lower = _mm_setzero_si128();
                if (column < whole) {
                    lower = _mm_loadu_si128((const __m128i *)(a + column));
                    if (b) upper = _mm_loadu_si128((const __m128i *)(b + column));
                } else if (column < columns) {
                    __builtin_memcpy(&lower, a + column, 2 * (columns - column));
                    if (b) __builtin_memcpy(&upper, b + column, 2 * (columns - column));
                }
                _mm_storeu_si128((__m128i *)(packed + 2 * j), _mm_unpacklo_epi16(lower, upper));
                _mm_storeu_si128((__m128i *)(packed + 2 * j + 8), _mm_unpackhi_epi16(lower, upper));
            }
        }
    }
}
#endif
