// One-bit codes with AVX2.
//
// Instructions: vpshufb looks 32 codes of four bits up in tables of 16 bytes, two columns at once; sums are 16 bits wide
// for 1024 coordinates, then 32.
// Numeric policy: the bits of the scalar version.
#include "codes.h"
#include "../math/avx2.h"

#if ATTUNE_X86

#pragma STDC FP_CONTRACT OFF

INLINE256 __m256 negated_where(__m256 v, __m256i lanes) {
    return _mm256_xor_ps(v, _mm256_castsi256_ps(_mm256_slli_epi32(lanes, 31)));
}

INLINE256 void flip(const uint8_t *signs, float *x, size_t n, float factor) {
    const __m256 factors = _mm256_set1_ps(factor);
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (size_t i = 0; i < n; i += 8) {
        const __m256i bits = _mm256_srlv_epi32(_mm256_set1_epi32(signs[i / 8]), places);
        _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), negated_where(factors, bits)));
    }
}

INLINE256 void transform(float *x, size_t n) {
    for (size_t h = n / 2; h >= 8; h /= 2) {
        for (size_t i = 0; i < n; i += 2 * h) {
            for (size_t j = i; j < i + h; j += 8) {
                const __m256 a = _mm256_loadu_ps(x + j), b = _mm256_loadu_ps(x + j + h);
                _mm256_storeu_ps(x + j, _mm256_add_ps(a, b));
                _mm256_storeu_ps(x + j + h, _mm256_sub_ps(a, b));
            }
        }
    }
    const __m256i four = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), two = _mm256_setr_epi32(0, 0, 1, 1, 0, 0, 1, 1);
    const __m256i one = _mm256_setr_epi32(0, 1, 0, 1, 0, 1, 0, 1);
    for (size_t i = 0; i < n; i += 8) {
        __m256 v = _mm256_loadu_ps(x + i);
        v = _mm256_add_ps(_mm256_permute2f128_ps(v, v, 1), negated_where(v, four));
        v = _mm256_add_ps(_mm256_permute_ps(v, 0x4e), negated_where(v, two));
        v = _mm256_add_ps(_mm256_permute_ps(v, 0xb1), negated_where(v, one));
        _mm256_storeu_ps(x + i, v);
    }
}

INLINE256 void fold(float *x, float *y, size_t n, float factor) {
    const __m256 factors = _mm256_set1_ps(factor);
    for (size_t i = 0; i < n; i += 8) {
        const __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(y + i);
        _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_add_ps(a, b), factors));
        _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_sub_ps(a, b), factors));
    }
}

ATTUNE_ROTATION(avx2, ATTUNE_AVX2, flip, transform, fold)

/// Eight sums more: those of codes 0 to 7, or of 8 to 15.
INLINE256 __m256i entries(__m256 value, __m256 unit, __m256 per_unit, __m256 *worst) {
    const __m256i entry = _mm256_cvttps_epi32(_mm256_add_ps(_mm256_mul_ps(value, per_unit), _mm256_set1_ps(0.5f)));
    const __m256 difference = _mm256_sub_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(entry), unit), value);
    *worst = _mm256_max_ps(*worst, abs256(difference));
    return entry;
}

INLINE256 float fill(const float *x, float half, float unit, float per_unit, uint8_t *table) {
    const __m256 ones = _mm256_castsi256_ps(_mm256_setr_epi32(0, -1, 0, -1, 0, -1, 0, -1));
    const __m256 twos = _mm256_castsi256_ps(_mm256_setr_epi32(0, 0, -1, -1, 0, 0, -1, -1));
    const __m256 fours = _mm256_castsi256_ps(_mm256_setr_epi32(0, 0, 0, 0, -1, -1, -1, -1));
    __m256 sums = _mm256_set1_ps(-((x[0] + x[1]) + (x[2] + x[3]))), worst = _mm256_setzero_ps();
    sums = _mm256_add_ps(sums, _mm256_and_ps(ones, _mm256_set1_ps(2 * x[0])));
    sums = _mm256_add_ps(sums, _mm256_and_ps(twos, _mm256_set1_ps(2 * x[1])));
    sums = _mm256_add_ps(sums, _mm256_and_ps(fours, _mm256_set1_ps(2 * x[2])));
    const __m256 halves = _mm256_set1_ps(half), units = _mm256_set1_ps(unit), per_units = _mm256_set1_ps(per_unit);
    const __m256i low = entries(_mm256_add_ps(sums, halves), units, per_units, &worst);
    sums = _mm256_add_ps(sums, _mm256_set1_ps(2 * x[3]));
    const __m256i high = entries(_mm256_add_ps(sums, halves), units, per_units, &worst);
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    _mm_storeu_si128(
        (__m128i *)table, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
    __m128 most = _mm_max_ps(_mm256_castps256_ps128(worst), _mm256_extractf128_ps(worst, 1));
    most = _mm_max_ps(most, _mm_movehl_ps(most, most));
    return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
}

ATTUNE_CODE_TABLES(avx2, ATTUNE_AVX2, fill)

/// Adds what codes look up, for each 16 bits: both bytes together, and the upper one, of the lower and of the upper halves of
/// the codes.
INLINE256 void look_up(__m256i table, __m256i code, __m256i s[4]) {
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i a = _mm256_shuffle_epi8(table, _mm256_and_si256(code, low));
    const __m256i b = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(code, 4), low));
    s[0] = _mm256_add_epi16(s[0], a);
    s[1] = _mm256_add_epi16(s[1], _mm256_srli_epi16(a, 8));
    s[2] = _mm256_add_epi16(s[2], b);
    s[3] = _mm256_add_epi16(s[3], _mm256_srli_epi16(b, 8));
}

/// The sums of up to 256 columns, added to 32 numbers of 32 bits.
INLINE256 void add_sums(const uint8_t *tables, size_t columns, const uint8_t *codes, __m256i sums[4]) {
    const __m256i none = _mm256_setzero_si256();
    __m256i s[4] = {none, none, none, none};
    size_t c = 0;
    for (; c + 2 <= columns; c += 2) {
        const __m256i table = _mm256_loadu_si256((const __m256i *)(tables + 16 * c));
        const __m256i code = _mm256_loadu_si256((const __m256i *)(codes + 16 * c));
        look_up(table, code, s);
    }
    if (c < columns) {
        // Codes of zeros look up the first entry of a table of zeros.
        const __m256i table = _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)(tables + 16 * c)));
        const __m256i code = _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)(codes + 16 * c)));
        look_up(table, code, s);
    }
    s[0] = _mm256_sub_epi16(s[0], _mm256_slli_epi16(s[1], 8));
    s[2] = _mm256_sub_epi16(s[2], _mm256_slli_epi16(s[3], 8));
    ATTUNE_UNROLL for (int i = 0; i < 4; i++) {
        const __m128i both = _mm_add_epi16(_mm256_castsi256_si128(s[i]), _mm256_extracti128_si256(s[i], 1));
        sums[i] = _mm256_add_epi32(sums[i], _mm256_cvtepu16_epi32(both));
    }
}

INLINE256 void block_sums(const uint8_t *tables, size_t columns, const uint8_t *codes, __m256i sums[4]) {
    ATTUNE_UNROLL for (int i = 0; i < 4; i++) sums[i] = _mm256_setzero_si256();
    for (; columns > ATTUNE_CODE_CHUNK; columns -= ATTUNE_CODE_CHUNK) {
        add_sums(tables, ATTUNE_CODE_CHUNK, codes, sums);
        tables += 16 * ATTUNE_CODE_CHUNK;
        codes += 16 * ATTUNE_CODE_CHUNK;
    }
    add_sums(tables, columns, codes, sums);
}

ATTUNE_AVX2 void attune_code_sums_avx2(
    const uint8_t *tables, size_t columns, const uint8_t *blocks, size_t block_size, size_t block_count,
    uint32_t *sums, const uint8_t *coming) {
    for (size_t i = 0; i < block_count; i++, blocks += block_size) {
        __m256i s[4];
        if (coming) attune_fetch(coming + i * block_size, block_size);
        block_sums(tables, columns, blocks, s);
        for (int part = 0; part < 4; part++, sums += 8) _mm256_storeu_si256((__m256i *)sums, s[part]);
    }
}

INLINE256 uint32_t reach(const attune_code_query *q, const uint8_t *block, float *reaches) {
    const float *squares = (const float *)(block + 16 * q->columns);
    const float *rescales = squares + ATTUNE_CODE_BLOCK, *addends = rescales + ATTUNE_CODE_BLOCK;
    const __m256 step = _mm256_set1_ps(q->step), offset = _mm256_set1_ps(q->offset), zero = _mm256_setzero_ps();
    const __m256 threshold = _mm256_set1_ps(q->threshold), addend_scale = _mm256_set1_ps(q->addend_scale);
    const __m256 spread = _mm256_set1_ps(q->spread), rescale_square = _mm256_set1_ps(q->rescale_square);
    const __m256 length_square = _mm256_set1_ps(q->length_square);
    __m256i sums[4];
    uint32_t hopeless = 0;
    block_sums(q->tables, q->columns, block, sums);
    ATTUNE_UNROLL for (int i = 0; i < 4; i++) {
        const __m256 square = _mm256_loadu_ps(squares + 8 * i), rescale = _mm256_loadu_ps(rescales + 8 * i);
        const __m256 addend = _mm256_add_ps(
            _mm256_mul_ps(addend_scale, square), q->has_addends ? _mm256_loadu_ps(addends + 8 * i) : zero);
        const __m256 product = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[i]), step), offset);
        const __m256 found = _mm256_sub_ps(_mm256_mul_ps(rescale, product), addend);
        _mm256_storeu_ps(reaches + 8 * i, found);
        const __m256 t = _mm256_add_ps(addend, threshold), gap = _mm256_sub_ps(threshold, found);
        const __m256 positive = _mm256_max_ps(t, zero);
        const __m256 width = _mm256_mul_ps(
            spread, _mm256_sub_ps(_mm256_mul_ps(rescale_square, _mm256_mul_ps(rescale, rescale)), square));
        const __m256 rest = _mm256_sub_ps(_mm256_mul_ps(length_square, square), _mm256_mul_ps(positive, positive));
        const __m256 is_below = _mm256_cmp_ps(gap, zero, _CMP_GT_OQ);
        const __m256 is_far = _mm256_cmp_ps(
            _mm256_mul_ps(_mm256_mul_ps(gap, gap), square), _mm256_mul_ps(width, rest), _CMP_GT_OQ);
        hopeless |= (uint32_t)_mm256_movemask_ps(_mm256_and_ps(is_below, is_far)) << (8 * i);
    }
    return ~hopeless;
}

ATTUNE_CODE_SCAN(avx2, ATTUNE_AVX2, reach)
#endif
