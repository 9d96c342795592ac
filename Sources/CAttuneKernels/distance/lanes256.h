// Loads and sums of lanes that the distances of AVX2 are made from.
#ifndef ATTUNE_DISTANCE_LANES256_H
#define ATTUNE_DISTANCE_LANES256_H

#include "../math/avx2.h"

#if ATTUNE_X86
#include <string.h>

/// l + (l + 4), then + 2, then + 1.
INLINE256 float float_total256(__m256 v) {
    __m128 w = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    w = _mm_add_ps(w, _mm_movehl_ps(w, w));
    return _mm_cvtss_f32(_mm_add_ss(w, _mm_movehdup_ps(w)));
}

/// The totals of four, each by the same tree.
INLINE256 void float_totals256(const __m256 s[4], float *out) {
    const __m256 a = _mm256_add_ps(_mm256_permute2f128_ps(s[0], s[2], 0x20), _mm256_permute2f128_ps(s[0], s[2], 0x31));
    const __m256 b = _mm256_add_ps(_mm256_permute2f128_ps(s[1], s[3], 0x20), _mm256_permute2f128_ps(s[1], s[3], 0x31));
    // Lanes 0 + 2 of s0, s1 and 1 + 3 of s0, s1; beside them those of s2, s3.
    const __m256 c = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    const __m256 d = _mm256_add_ps(c, _mm256_permute_ps(c, _MM_SHUFFLE(1, 0, 3, 2)));
    _mm_storel_pi((__m64 *)out, _mm256_castps256_ps128(d));
    _mm_storel_pi((__m64 *)(out + 2), _mm256_extractf128_ps(d, 1));
}

INLINE256 int32_t int_total256(__m256i v) {
    __m128i w = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    w = _mm_add_epi32(w, _mm_unpackhi_epi64(w, w));
    return _mm_cvtsi128_si32(_mm_add_epi32(w, _mm_srli_epi64(w, 32)));
}

INLINE256 void int_totals256(const __m256i s[4], int32_t *out) {
    const __m256i sums = _mm256_hadd_epi32(_mm256_hadd_epi32(s[0], s[1]), _mm256_hadd_epi32(s[2], s[3]));
    const __m128i total = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    _mm_storeu_si128((__m128i *)out, total);
}

/// The first `rest` bytes at p, fewer than the register takes, zeros behind. AVX2 masks words of four bytes; where the
/// last one is incomplete, the bytes go through a buffer.
INLINE256 __m256i bytes256(const void *p, size_t rest) {
    if (rest % 4 == 0) return _mm256_maskload_epi32(p, tail_mask256(rest / 4));
    _Alignas(32) uint8_t bytes[32] = {0};
    memcpy(bytes, p, rest);
    return _mm256_load_si256((const __m256i *)bytes);
}

INLINE256 __m128i bytes128(const void *p, size_t rest) {
    if (rest % 4 == 0) return _mm_maskload_epi32(p, _mm256_castsi256_si128(tail_mask256(rest / 4)));
    _Alignas(16) uint8_t bytes[16] = {0};
    memcpy(bytes, p, rest);
    return _mm_load_si128((const __m128i *)bytes);
}

#endif
#endif
