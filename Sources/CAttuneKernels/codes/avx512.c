// One-bit codes with AVX-512 F, BW, DQ and VL.
//
// Instructions: as sums512.h says, and float32 for what is made of the sums.
// Numeric policy: the bits of the scalar version.
#include "codes.h"
#include "sums512.h"

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

ATTUNE_AVX512 void attune_code_sums_avx512(
    const uint8_t *tables, size_t columns, const uint8_t *blocks, size_t block_size, size_t block_count,
    uint32_t *sums) {
    for (size_t i = 0; i < block_count; i++, blocks += block_size, sums += ATTUNE_CODE_BLOCK) {
        __m512i s[2];
        block_sums(tables, columns, blocks, s, NULL);
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
