// Sums of what one-bit codes look up, with AVX-512 F, BW, DQ and VL.
//
// Instructions: vpshufb looks 64 codes of four bits up in tables of 16 bytes, four columns at once (measured on a Zen 4, whose
// units are 256 bits wide: 4 % faster than two columns at once in cache, 3 to 16 % out of it); sums are 16 bits wide for
// 1024 coordinates, then 32.
#ifndef ATTUNE_CODES_SUMS512_H
#define ATTUNE_CODES_SUMS512_H

#include "../include/attune_codes.h"
#include "../math/avx512.h"

#if ATTUNE_X86

INLINE512 __m128i all_quarters(__m512i v) {
    const __m256i halves = _mm256_add_epi16(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
    return _mm_add_epi16(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

/// Adds what codes look up, for each 16 bits: both bytes together, and the upper one, of the lower and of the upper halves of
/// the codes.
INLINE512 void look_up(__m512i table, __m512i code, __m512i s[4]) {
    const __m512i low = _mm512_set1_epi8(15);
    const __m512i a = _mm512_shuffle_epi8(table, _mm512_and_si512(code, low));
    const __m512i b = _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(code, 4), low));
    s[0] = _mm512_add_epi16(s[0], a);
    s[1] = _mm512_add_epi16(s[1], _mm512_srli_epi16(a, 8));
    s[2] = _mm512_add_epi16(s[2], b);
    s[3] = _mm512_add_epi16(s[3], _mm512_srli_epi16(b, 8));
}

/// The sums of up to 256 columns, added to 32 numbers of 32 bits; as many bytes as they have from `coming` on, if anything,
/// are fetched meanwhile.
INLINE512 void add_sums(
    const uint8_t *tables, size_t columns, const uint8_t *codes, __m512i sums[2], const uint8_t *coming) {
    const __m512i none = _mm512_setzero_si512();
    __m512i s[4] = {none, none, none, none};
    size_t c = 0;
    for (; c + 4 <= columns; c += 4) {
        const __m512i table = _mm512_loadu_si512(tables + 16 * c), code = _mm512_loadu_si512(codes + 16 * c);
        if (coming) __builtin_prefetch(coming + 16 * c, 0, 2);
        look_up(table, code, s);
    }
    if (c < columns) {
        // Codes of zeros look up the first entry of a table of zeros.
        const __mmask8 exists = (__mmask8)((1u << 2 * (columns - c)) - 1);
        const __m512i table = _mm512_maskz_loadu_epi64(exists, tables + 16 * c);
        const __m512i code = _mm512_maskz_loadu_epi64(exists, codes + 16 * c);
        look_up(table, code, s);
    }
    s[0] = _mm512_sub_epi16(s[0], _mm512_slli_epi16(s[1], 8));
    s[2] = _mm512_sub_epi16(s[2], _mm512_slli_epi16(s[3], 8));
    const __m256i first = _mm256_set_m128i(all_quarters(s[1]), all_quarters(s[0]));
    const __m256i second = _mm256_set_m128i(all_quarters(s[3]), all_quarters(s[2]));
    sums[0] = _mm512_add_epi32(sums[0], _mm512_cvtepu16_epi32(first));
    sums[1] = _mm512_add_epi32(sums[1], _mm512_cvtepu16_epi32(second));
}

INLINE512 void block_sums(
    const uint8_t *tables, size_t columns, const uint8_t *codes, __m512i sums[2], const uint8_t *coming) {
    sums[0] = sums[1] = _mm512_setzero_si512();
    for (; columns > ATTUNE_CODE_CHUNK; columns -= ATTUNE_CODE_CHUNK) {
        add_sums(tables, ATTUNE_CODE_CHUNK, codes, sums, coming);
        tables += 16 * ATTUNE_CODE_CHUNK;
        codes += 16 * ATTUNE_CODE_CHUNK;
        if (coming) coming += 16 * ATTUNE_CODE_CHUNK;
    }
    add_sums(tables, columns, codes, sums, coming);
}
#endif

#endif
