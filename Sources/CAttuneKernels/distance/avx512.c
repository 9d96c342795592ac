// Distances with AVX-512 F, BW, DQ and VL.
//
// Instructions: vfmadd231ps zmm (4 cycles; one or two a cycle), vsubps, masked loads for the tail. float16: vcvtph2ps
// ymm on the load. bfloat16: a load holds two lots of 16 floats, the odd elements by a mask, the even ones by a shift.
// int8: vpmovsxbw, vpmaddwd. Bits: a table of 16 counts by vpshufb, vpsadbw.
// Numeric policy: float32 in the order of loops.h; 16-bit floats are widened exactly first, so their products and
// differences are those of float32. Integers are exact.
#include "lanes256.h"
#include "lanes512.h"
#include "names.h"

#if ATTUNE_X86
#define TARGET ATTUNE_AVX512
#define ISA avx512
#define ROWS 4
#define TILE 4

// float32

#define TYPE f32
#define ELEMENT float
#define RESULT float
#define ONE_BY_ONE SPARSE
#define LANES __m512
#define SUM __m512
#define WIDTH 16
#define LOAD(p) _mm512_loadu_ps(p)
#define LOAD_PART(p, rest) load512(p, tail_mask512(rest))
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO _mm512_setzero_ps()
#define ADD _mm512_add_ps
#define TOTAL float_total512
#define TOTALS float_totals512
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

// float16, in half registers: on Zen 4 two narrow conversions take less than half the time of a wide one. What AVX-512
// adds to AVX2 is twice the registers, and masks.

INLINE512 __m256 half_products_f32(__m256 a, __m256 b, __m256 s) { return _mm256_fmadd_ps(a, b, s); }
INLINE512 __m256 half_differences_f32(__m256 a, __m256 b, __m256 s) {
    const __m256 d = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(d, d, s);
}

#define TYPE f16
#define ELEMENT uint16_t
#define RESULT float
#define LANES __m256
#define SUM __m256
#define WIDTH 8
#define LOAD(p) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p)))
#define LOAD_PART(p, rest) _mm256_cvtph_ps(_mm_maskz_loadu_epi16((__mmask8)tail_mask512(rest), p))
#define PRODUCT half_products_f32
#define DIFFERENCE half_differences_f32
#define ZERO _mm256_setzero_ps()
#define ADD _mm256_add_ps
#define TOTAL float_total256
#define TOTALS float_totals256
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

// bfloat16

typedef struct two_lanes {
    __m512 even, odd;
} two_lanes;

INLINE512 two_lanes widened(__m512i x) {
    const __m512i odd = _mm512_and_si512(x, _mm512_set1_epi32((int)0xffff0000u));
    return (two_lanes){_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)), _mm512_castsi512_ps(odd)};
}
INLINE512 __m512 products_bf16(two_lanes a, two_lanes b, __m512 s) {
    return products_f32(a.odd, b.odd, products_f32(a.even, b.even, s));
}
INLINE512 __m512 differences_bf16(two_lanes a, two_lanes b, __m512 s) {
    return differences_f32(a.odd, b.odd, differences_f32(a.even, b.even, s));
}

#define TYPE bf16
#define ELEMENT uint16_t
#define RESULT float
#define LANES two_lanes
#define SUM __m512
#define WIDTH 32
#define LOAD(p) widened(_mm512_loadu_si512(p))
#define LOAD_PART(p, rest) widened(_mm512_maskz_loadu_epi16(mask32(rest), p))
#define PRODUCT products_bf16
#define DIFFERENCE differences_bf16
#define ZERO _mm512_setzero_ps()
#define ADD _mm512_add_ps
#define TOTAL float_total512
#define TOTALS float_totals512
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

// int8

INLINE512 __m512i products_i8(__m512i a, __m512i b, __m512i s) {
    return _mm512_add_epi32(s, _mm512_madd_epi16(a, b));
}
INLINE512 __m512i differences_i8(__m512i a, __m512i b, __m512i s) {
    const __m512i d = _mm512_sub_epi16(a, b);
    return _mm512_add_epi32(s, _mm512_madd_epi16(d, d));
}

#define TYPE i8
#define ELEMENT int8_t
#define RESULT int32_t
#define LANES __m512i
#define SUM __m512i
#define WIDTH 32
#define LOAD(p) _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(p)))
#define LOAD_PART(p, rest) _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask32(rest), p))
#define PRODUCT products_i8
#define DIFFERENCE differences_i8
#define ZERO _mm512_setzero_si512()
#define ADD _mm512_add_epi32
#define TOTAL int_total512
#define TOTALS int_totals512
#define CHAINS 1
#define NORM int_norm
#define COSINE int_cosine
#include "loops.h"
#include "forms_of_number.h"

// Rows of an index, with a query in float32: the elements become the floats that they stand for on their way in.

INLINE512 __m512 bfloats512(__m256i x) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
}
INLINE512 __m512 floats512(__m128i x) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(x)); }

typedef struct row_factors {
    __m512 step, low;
} row_factors;

INLINE512 row_factors factors_of(const uint8_t *row, size_t n) {
    return (row_factors){_mm512_set1_ps(byte_row_factor(row, n, 0)), _mm512_set1_ps(byte_row_factor(row, n, 1))};
}
INLINE512 __m512 decoded(row_factors f, __m512 x) { return _mm512_fmadd_ps(f.step, x, f.low); }
INLINE512 __m512 decoded_part(row_factors f, __m512 x, size_t rest) {
    return _mm512_maskz_fmadd_ps(tail_mask512(rest), f.step, x, f.low);
}

#define TYPE f32_bf16
#define QUERY float
#define ELEMENT uint16_t
#define RESULT float
#define ONE_BY_ONE FAR
#define LANES __m512
#define SUM __m512
#define WIDTH 16
#define QUERY_LOAD(p) _mm512_loadu_ps(p)
#define QUERY_LOAD_PART(p, rest) load512(p, tail_mask512(rest))
#define LOAD(p) bfloats512(_mm256_loadu_si256((const __m256i *)(p)))
#define LOAD_PART(p, rest) bfloats512(_mm256_maskz_loadu_epi16(tail_mask512(rest), p))
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO _mm512_setzero_ps()
#define ADD _mm512_add_ps
#define TOTAL float_total512
#define TOTALS float_totals512
#include "block.h"
#include "forms_of_rows.h"

#define TYPE f32_u8
#define QUERY float
#define ELEMENT uint8_t
#define RESULT float
#define ONE_BY_ONE FAR
#define LANES __m512
#define SUM __m512
#define WIDTH 16
#define QUERY_LOAD(p) _mm512_loadu_ps(p)
#define QUERY_LOAD_PART(p, rest) load512(p, tail_mask512(rest))
#define LOAD(p) floats512(_mm_loadu_si128((const __m128i *)(p)))
#define LOAD_PART(p, rest) floats512(_mm_maskz_loadu_epi8(tail_mask512(rest), p))
#define FACTORS row_factors
#define FACTORS_OF factors_of
#define DECODED decoded
#define DECODED_PART decoded_part
#define STORE _mm512_storeu_ps
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO _mm512_setzero_ps()
#define ADD _mm512_add_ps
#define TOTAL float_total512
#define TOTALS float_totals512
#include "block.h"
#include "forms_of_rows.h"

// Bits

INLINE512 __m512i unequal_bits(__m512i a, __m512i b, __m512i s) {
    const __m512i counts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i x = _mm512_xor_si512(a, b), low = _mm512_set1_epi8(15);
    const __m512i count = _mm512_add_epi8(
        _mm512_shuffle_epi8(counts, _mm512_and_si512(x, low)),
        _mm512_shuffle_epi8(counts, _mm512_and_si512(_mm512_srli_epi16(x, 4), low)));
    return _mm512_add_epi32(s, _mm512_sad_epu8(count, _mm512_setzero_si512()));
}

#define TYPE b1
#define ELEMENT uint8_t
#define RESULT int32_t
#define LANES __m512i
#define SUM __m512i
#define WIDTH 64
#define LOAD(p) _mm512_loadu_si512(p)
#define LOAD_PART(p, rest) _mm512_maskz_loadu_epi8(mask64(rest), p)
#define PRODUCT unequal_bits
#define ZERO _mm512_setzero_si512()
#define ADD _mm512_add_epi32
#define TOTAL int_total512
#define TOTALS int_totals512
#define CHAINS 1
#include "loops.h"
#include "forms_of_bits.h"
#endif
