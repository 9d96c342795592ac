// Codes of several bits with AVX-512 F, BW, DQ and VL, and with VNNI.
//
// Instructions: 64 codes are put together from their planes by shifts and masks; vpmaddubsw, or vpdpbusd, multiplies them
// by the bytes of the query.
// Numeric policy: integers; float32 without contraction, the bits of the scalar version.
#include "extended.h"
#include "../math/avx512.h"

#if ATTUNE_X86

#pragma STDC FP_CONTRACT OFF

INLINE512 __m512i codes_of(const uint8_t *row, int bits) {
    __m512i codes = _mm512_setzero_si512();
    if (bits & 4) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)row), nibble = _mm256_set1_epi8(15);
        codes = _mm512_inserti64x4(
            _mm512_castsi256_si512(_mm256_and_si256(v, nibble)),
            _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble), 1);
        row += 32;
    }
    if (bits & 2) {
        const __m512i shifts = _mm512_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
        const __m512i v = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)row));
        const __m512i pairs = _mm512_and_si512(_mm512_srlv_epi32(v, shifts), _mm512_set1_epi8(3));
        codes = _mm512_or_si512(_mm512_slli_epi16(codes, 2), pairs);
        row += 16;
    }
    if (bits & 1) {
        uint64_t mask;
        memcpy(&mask, row, 8);
        codes = _mm512_add_epi8(codes, codes);
        codes = _mm512_mask_add_epi8(codes, mask, codes, _mm512_set1_epi8(1));
    }
    return codes;
}

ATTUNE_INLINE ATTUNE_AVX512 int32_t product_avx512(
    const uint8_t *row, const int8_t *query, size_t width, int bits) {
    __m512i s = _mm512_setzero_si512();
    if (bits == 0) return 0;
    for (size_t i = 0; i < width; i += 64, row += 8 * bits) {
        const __m512i pairs = _mm512_maddubs_epi16(codes_of(row, bits), _mm512_loadu_si512(query + i));
        s = _mm512_add_epi32(s, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
    }
    return _mm512_reduce_add_epi32(s);
}

ATTUNE_INLINE ATTUNE_AVX512VNNI int32_t product_avx512vnni(
    const uint8_t *row, const int8_t *query, size_t width, int bits) {
    __m512i s[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    if (bits == 0) return 0;
    size_t i = 0;
    for (; i + 128 <= width; i += 128, row += 16 * bits) {
        s[0] = _mm512_dpbusd_epi32(s[0], codes_of(row, bits), _mm512_loadu_si512(query + i));
        s[1] = _mm512_dpbusd_epi32(s[1], codes_of(row + 8 * bits, bits), _mm512_loadu_si512(query + i + 64));
    }
    if (i < width) s[0] = _mm512_dpbusd_epi32(s[0], codes_of(row, bits), _mm512_loadu_si512(query + i));
    return _mm512_reduce_add_epi32(_mm512_add_epi32(s[0], s[1]));
}

INLINE512 uint32_t below512(
    const uint32_t *sums, const uint32_t *factors, float base, float step, float offset, float bound) {
    uint32_t found = 0;
    ATTUNE_UNROLL for (int i = 0; i < 2; i++) {
        const __m512i words = _mm512_loadu_si512(factors + 16 * i);
        const __m512 first = _mm512_castsi512_ps(_mm512_and_si512(words, _mm512_set1_epi32((int)0xffff0000u)));
        const __m512 second = _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
        const __m512 sum = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + 16 * i));
        const __m512 product = _mm512_add_ps(_mm512_mul_ps(_mm512_set1_ps(step), sum), _mm512_set1_ps(offset));
        const __m512 lower =
            _mm512_add_ps(_mm512_add_ps(_mm512_set1_ps(base), first), _mm512_mul_ps(second, product));
        found |= (uint32_t)_mm512_cmp_ps_mask(lower, _mm512_set1_ps(bound), _CMP_LT_OQ) << (16 * i);
    }
    return found;
}

ATTUNE_EXTENDED_KERNELS(avx512, ATTUNE_AVX512, below512)
ATTUNE_EXTENDED_KERNELS(avx512vnni, ATTUNE_AVX512VNNI, below512)
#endif
