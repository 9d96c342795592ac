// Codes of several bits in plain C, which is the specification of the other instruction sets, and with AVX2.
//
// Instructions: vpmaddubsw multiplies bytes by bytes; no sum of two leaves 16 bits, as codes have at most seven.
// Numeric policy: integers; float32 without contraction.
#include "extended.h"

#pragma STDC FP_CONTRACT OFF

ATTUNE_INLINE int32_t product_plain(const uint8_t *row, const int8_t *query, size_t width, int bits) {
    int32_t sum = 0;
    for (size_t i = 0; i < width; i += 64, query += 64) {
        int shift = bits;
        if (bits & 4) {
            shift -= 4;
            for (int j = 0; j < 32; j++) {
                sum += ((row[j] & 15) * query[j] + (row[j] >> 4) * query[32 + j]) * (1 << shift);
            }
            row += 32;
        }
        if (bits & 2) {
            shift -= 2;
            for (int j = 0; j < 64; j++) sum += (row[j % 16] >> j / 16 * 2 & 3) * query[j] * (1 << shift);
            row += 16;
        }
        if (bits & 1) {
            for (int j = 0; j < 64; j++) sum += (row[j / 8] >> j % 8 & 1) * query[j];
            row += 8;
        }
    }
    return sum;
}

ATTUNE_INLINE uint32_t below_plain(
    const uint32_t *sums, const uint32_t *factors, float base, float step, float offset, float bound) {
    uint32_t found = 0;
    for (int i = 0; i < ATTUNE_CODE_BLOCK; i++) {
        const float product = step * (float)sums[i] + offset;
        const float lower = (base + bfloat16_high(factors[i])) + bfloat16_low(factors[i]) * product;
        found |= (uint32_t)(lower < bound) << i;
    }
    return found;
}

ATTUNE_INLINE int32_t product_scalar(const uint8_t *row, const int8_t *query, size_t width, int bits) {
    return product_plain(row, query, width, bits);
}

ATTUNE_EXTENDED_KERNELS(scalar, , below_plain)

#if ATTUNE_X86
#include "../math/avx2.h"

/// Four numbers more from 32 codes.
INLINE256 __m256i add_products(__m256i s, __m256i codes, const int8_t *query) {
    const __m256i pairs = _mm256_maddubs_epi16(codes, _mm256_loadu_si256((const __m256i *)query));
    return _mm256_add_epi32(s, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

INLINE256 int32_t product_avx2(const uint8_t *row, const int8_t *query, size_t width, int bits) {
    const __m256i nibble = _mm256_set1_epi8(15), pair = _mm256_set1_epi8(3), one = _mm256_set1_epi8(1);
    __m256i s = _mm256_setzero_si256();
    if (bits == 0) return 0;
    for (size_t i = 0; i < width; i += 64, query += 64) {
        __m256i low = _mm256_setzero_si256(), high = low;
        if (bits & 4) {
            const __m256i v = _mm256_loadu_si256((const __m256i *)row);
            low = _mm256_and_si256(v, nibble);
            high = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
            row += 32;
        }
        if (bits & 2) {
            const __m256i v = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)row));
            const __m256i shifts = _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2), more = _mm256_set1_epi32(4);
            const __m256i a = _mm256_and_si256(_mm256_srlv_epi32(v, shifts), pair);
            const __m256i b = _mm256_and_si256(_mm256_srlv_epi32(v, _mm256_add_epi32(shifts, more)), pair);
            low = _mm256_or_si256(_mm256_slli_epi16(low, 2), a);
            high = _mm256_or_si256(_mm256_slli_epi16(high, 2), b);
            row += 16;
        }
        if (bits & 1) {
            const __m256i bytes = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
            const __m256i masks = _mm256_set1_epi64x((long long)0x8040201008040201ull);
            int32_t words[2];
            memcpy(words, row, 8);
            const __m256i a = _mm256_shuffle_epi8(_mm256_set1_epi32(words[0]), bytes);
            const __m256i b = _mm256_shuffle_epi8(_mm256_set1_epi32(words[1]), bytes);
            const __m256i first = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(a, masks), masks), one);
            const __m256i second = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(b, masks), masks), one);
            low = _mm256_or_si256(_mm256_add_epi8(low, low), first);
            high = _mm256_or_si256(_mm256_add_epi8(high, high), second);
            row += 8;
        }
        s = add_products(s, low, query);
        s = add_products(s, high, query + 32);
    }
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1)));
}

ATTUNE_EXTENDED_KERNELS(avx2, ATTUNE_AVX2, below_plain)
#endif
