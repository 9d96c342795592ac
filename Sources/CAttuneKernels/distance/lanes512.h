// Steps of a sum in float32, sums of lanes and masks that the distances of the AVX-512 levels are made from.
#ifndef ATTUNE_DISTANCE_LANES512_H
#define ATTUNE_DISTANCE_LANES512_H

#include "../math/avx512.h"

#if ATTUNE_X86

INLINE512 __m512 products_f32(__m512 a, __m512 b, __m512 s) { return _mm512_fmadd_ps(a, b, s); }
INLINE512 __m512 differences_f32(__m512 a, __m512 b, __m512 s) {
    const __m512 d = _mm512_sub_ps(a, b);
    return _mm512_fmadd_ps(d, d, s);
}

/// l + (l + 8), then + 4, then + 2, then + 1.
INLINE512 float float_total512(__m512 v) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 w = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    w = _mm_add_ps(w, _mm_movehl_ps(w, w));
    return _mm_cvtss_f32(_mm_add_ss(w, _mm_movehdup_ps(w)));
}

/// The totals of four, each by the same tree: sixteen, eight, four lanes of each side by side in one register.
INLINE512 void float_totals512(const __m512 s[4], float *out) {
    const __m512 a = _mm512_add_ps(_mm512_shuffle_f32x4(s[0], s[1], 0x44), _mm512_shuffle_f32x4(s[0], s[1], 0xee));
    const __m512 b = _mm512_add_ps(_mm512_shuffle_f32x4(s[2], s[3], 0x44), _mm512_shuffle_f32x4(s[2], s[3], 0xee));
    const __m512 c = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
    const __m512 d = _mm512_add_ps(c, _mm512_permute_ps(c, _MM_SHUFFLE(1, 0, 3, 2)));
    const __m512 e = _mm512_add_ps(d, _mm512_permute_ps(d, _MM_SHUFFLE(2, 3, 0, 1)));
    _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, e)));
}

INLINE512 int32_t int_total512(__m512i v) { return _mm512_reduce_add_epi32(v); }

INLINE512 void int_totals512(const __m512i s[4], int32_t *out) {
    // Pairs of lanes, then pairs of those: 128 bits hold a quarter of each of the four.
    const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(s[0], s[1]), _mm512_unpackhi_epi32(s[0], s[1]));
    const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(s[2], s[3]), _mm512_unpackhi_epi32(s[2], s[3]));
    const __m512i c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    const __m256i d = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
    _mm_storeu_si128(
        (__m128i *)out, _mm_add_epi32(_mm256_castsi256_si128(d), _mm256_extracti128_si256(d, 1)));
}

INLINE512 __mmask32 mask32(size_t rest) { return (__mmask32)((1ull << rest) - 1); }
INLINE512 __mmask64 mask64(size_t rest) { return ~0ull >> (64 - rest); }

#endif
#endif
