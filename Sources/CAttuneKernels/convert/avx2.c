// Conversions with AVX2 and F16C.
//
// Instructions: vcvtph2ps, vcvtps2ph; for bfloat16 shifts and additions on the bits, vpackusdw to narrow. Sixteen-bit
// tails go through a buffer of eight: AVX2 has no masks for them.
// Numeric policy: the bits of the scalar version.
#include "../math/avx2.h"

#if ATTUNE_X86
#include <string.h>

#define ROUNDING (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

ATTUNE_AVX2 void attune_float16_to_float32_avx2(const uint16_t *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
    if (i < n) {
        uint16_t rest[8] = {0};
        memcpy(rest, x + i, (n - i) * sizeof *x);
        store256(y + i, tail_mask256(n - i), _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)rest)));
    }
}

ATTUNE_AVX2 void attune_float32_to_float16_avx2(const float *x, uint16_t *y, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i *)(y + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), ROUNDING));
    if (i < n) {
        uint16_t rest[8];
        _mm_storeu_si128((__m128i *)rest, _mm256_cvtps_ph(load256(x + i, tail_mask256(n - i)), ROUNDING));
        memcpy(y + i, rest, (n - i) * sizeof *y);
    }
}

INLINE256 __m256 widen(__m128i x) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
}

ATTUNE_AVX2 void attune_bfloat16_to_float32_avx2(const uint16_t *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, widen(_mm_loadu_si128((const __m128i *)(x + i))));
    if (i < n) {
        uint16_t rest[8] = {0};
        memcpy(rest, x + i, (n - i) * sizeof *x);
        store256(y + i, tail_mask256(n - i), widen(_mm_loadu_si128((const __m128i *)rest)));
    }
}

INLINE256 __m128i narrow(__m256 v) {
    const __m256i bits = _mm256_castps_si256(v), upper = _mm256_srli_epi32(bits, 16);
    const __m256i increment = _mm256_add_epi32(
        _mm256_set1_epi32(0x7fff), _mm256_and_si256(upper, _mm256_set1_epi32(1)));
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, increment), 16);
    const __m256i quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
    const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i result = _mm256_blendv_epi8(rounded, quiet, is_nan);
    return _mm_packus_epi32(_mm256_castsi256_si128(result), _mm256_extracti128_si256(result, 1));
}

ATTUNE_AVX2 void attune_float32_to_bfloat16_avx2(const float *x, uint16_t *y, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i *)(y + i), narrow(_mm256_loadu_ps(x + i)));
    if (i < n) {
        uint16_t rest[8];
        _mm_storeu_si128((__m128i *)rest, narrow(load256(x + i, tail_mask256(n - i))));
        memcpy(y + i, rest, (n - i) * sizeof *y);
    }
}
#endif
