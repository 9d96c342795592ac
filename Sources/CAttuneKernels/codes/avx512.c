// One-bit codes with AVX-512 F, BW, DQ and VL.
//
// Instructions: vpshufb looks 64 codes of four bits up in tables of 16 bytes, four columns at once (measured on a Zen 4, whose
// units are 256 bits wide: 4 % faster than two columns at once in cache, 3 to 16 % out of it); sums are 16 bits wide for
// 1024 coordinates, then 32.
// Numeric policy: the bits of the scalar version.
#include "codes.h"
#include "../math/avx512.h"

#if ATTUNE_X86

#pragma STDC FP_CONTRACT OFF

INLINE512 __m512 negated_where(__m512 v, __mmask16 lanes) {
    return _mm512_mask_xor_ps(v, lanes, v, _mm512_set1_ps(-0.0f));
}

INLINE512 void flip(const uint8_t *signs, float *x, size_t n, float factor) {
    const __m512 factors = _mm512_set1_ps(factor);
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 negative = (__mmask16)(signs[i / 8] | signs[i / 8 + 1] << 8);
        _mm512_storeu_ps(x + i, _mm512_mul_ps(_mm512_loadu_ps(x + i), negated_where(factors, negative)));
    }
}

INLINE512 void transform(float *x, size_t n) {
    for (size_t h = n / 2; h >= 16; h /= 2) {
        for (size_t i = 0; i < n; i += 2 * h) {
            for (size_t j = i; j < i + h; j += 16) {
                const __m512 a = _mm512_loadu_ps(x + j), b = _mm512_loadu_ps(x + j + h);
                _mm512_storeu_ps(x + j, _mm512_add_ps(a, b));
                _mm512_storeu_ps(x + j + h, _mm512_sub_ps(a, b));
            }
        }
    }
    for (size_t i = 0; i < n; i += 16) {
        __m512 v = _mm512_loadu_ps(x + i);
        v = _mm512_add_ps(_mm512_shuffle_f32x4(v, v, 0x4e), negated_where(v, 0xff00));
        v = _mm512_add_ps(_mm512_shuffle_f32x4(v, v, 0xb1), negated_where(v, 0xf0f0));
        v = _mm512_add_ps(_mm512_permute_ps(v, 0x4e), negated_where(v, 0xcccc));
        v = _mm512_add_ps(_mm512_permute_ps(v, 0xb1), negated_where(v, 0xaaaa));
        _mm512_storeu_ps(x + i, v);
    }
}

INLINE512 void fold(float *x, float *y, size_t n, float factor) {
    const __m512 factors = _mm512_set1_ps(factor);
    for (size_t i = 0; i < n; i += 16) {
        const __m512 a = _mm512_loadu_ps(x + i), b = _mm512_loadu_ps(y + i);
        _mm512_storeu_ps(x + i, _mm512_mul_ps(_mm512_add_ps(a, b), factors));
        _mm512_storeu_ps(y + i, _mm512_mul_ps(_mm512_sub_ps(a, b), factors));
    }
}

ATTUNE_ROTATION(avx512, ATTUNE_AVX512, flip, transform, fold)

INLINE512 float fill(const float *x, float half, float unit, float per_unit, uint8_t *table) {
    __m512 sums = _mm512_set1_ps(-((x[0] + x[1]) + (x[2] + x[3])));
    sums = _mm512_mask_add_ps(sums, 0xaaaa, sums, _mm512_set1_ps(2 * x[0]));
    sums = _mm512_mask_add_ps(sums, 0xcccc, sums, _mm512_set1_ps(2 * x[1]));
    sums = _mm512_mask_add_ps(sums, 0xf0f0, sums, _mm512_set1_ps(2 * x[2]));
    sums = _mm512_mask_add_ps(sums, 0xff00, sums, _mm512_set1_ps(2 * x[3]));
    const __m512 value = _mm512_add_ps(sums, _mm512_set1_ps(half));
    const __m512 scaled = _mm512_add_ps(_mm512_mul_ps(value, _mm512_set1_ps(per_unit)), _mm512_set1_ps(0.5f));
    const __m512i entry = _mm512_cvttps_epi32(scaled);
    const __m512 difference = _mm512_sub_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(entry), _mm512_set1_ps(unit)), value);
    _mm_storeu_si128((__m128i *)table, _mm512_cvtepi32_epi8(entry));
    return _mm512_reduce_max_ps(_mm512_abs_ps(difference));
}

ATTUNE_CODE_TABLES(avx512, ATTUNE_AVX512, fill)

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

ATTUNE_AVX512 void attune_code_sums_avx512(
    const uint8_t *tables, size_t columns, const uint8_t *blocks, size_t block_size, size_t block_count,
    uint32_t *sums, const uint8_t *coming) {
    for (size_t i = 0; i < block_count; i++, blocks += block_size, sums += ATTUNE_CODE_BLOCK) {
        __m512i s[2];
        block_sums(tables, columns, blocks, s, coming);
        if (coming) {
            attune_fetch(coming + 16 * columns, block_size - 16 * columns);
            coming += block_size;
        }
        _mm512_storeu_si512(sums, s[0]);
        _mm512_storeu_si512(sums + 16, s[1]);
    }
}

INLINE512 uint32_t reach(const attune_code_query *q, const uint8_t *block, float *reaches) {
    const float *squares = (const float *)(block + 16 * q->columns);
    const float *rescales = squares + ATTUNE_CODE_BLOCK, *addends = rescales + ATTUNE_CODE_BLOCK;
    const __m512 step = _mm512_set1_ps(q->step), offset = _mm512_set1_ps(q->offset), zero = _mm512_setzero_ps();
    const __m512 threshold = _mm512_set1_ps(q->threshold), addend_scale = _mm512_set1_ps(q->addend_scale);
    const __m512 spread = _mm512_set1_ps(q->spread), rescale_square = _mm512_set1_ps(q->rescale_square);
    const __m512 length_square = _mm512_set1_ps(q->length_square);
    __m512i sums[2];
    uint32_t hopeless = 0;
    block_sums(q->tables, q->columns, block, sums, NULL);
    ATTUNE_UNROLL for (int i = 0; i < 2; i++) {
        const __m512 square = _mm512_loadu_ps(squares + 16 * i), rescale = _mm512_loadu_ps(rescales + 16 * i);
        const __m512 addend = _mm512_add_ps(
            _mm512_mul_ps(addend_scale, square), q->has_addends ? _mm512_loadu_ps(addends + 16 * i) : zero);
        const __m512 product = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[i]), step), offset);
        const __m512 found = _mm512_sub_ps(_mm512_mul_ps(rescale, product), addend);
        _mm512_storeu_ps(reaches + 16 * i, found);
        const __m512 t = _mm512_add_ps(addend, threshold), gap = _mm512_sub_ps(threshold, found);
        const __m512 positive = _mm512_max_ps(t, zero);
        const __m512 width = _mm512_mul_ps(
            spread, _mm512_sub_ps(_mm512_mul_ps(rescale_square, _mm512_mul_ps(rescale, rescale)), square));
        const __m512 rest = _mm512_sub_ps(_mm512_mul_ps(length_square, square), _mm512_mul_ps(positive, positive));
        const __mmask16 is_below = _mm512_cmp_ps_mask(gap, zero, _CMP_GT_OQ);
        hopeless |= (uint32_t)_mm512_mask_cmp_ps_mask(
            is_below, _mm512_mul_ps(_mm512_mul_ps(gap, gap), square), _mm512_mul_ps(width, rest), _CMP_GT_OQ)
            << (16 * i);
    }
    return ~hopeless;
}

ATTUNE_CODE_SCAN(avx512, ATTUNE_AVX512, reach)
#endif
