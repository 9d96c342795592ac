// Distances with AVX2, FMA and F16C.
//
// Instructions: vfmadd231ps ymm (4 cycles, two a cycle), vsubps, vmaskmovps for the tail. float16: vcvtph2ps on the
// load. bfloat16: a load holds two lots of 8 floats, the odd elements by a mask, the even ones by a shift. int8:
// vpmovsxbw, vpmaddwd. Bits: a table of 16 counts by vpshufb, vpsadbw. Tails of narrow types go through a buffer: AVX2
// has no masks for them.
// Numeric policy: float32 in the order of loops.h; 16-bit floats are widened exactly first, so their products and
// differences are those of float32. Integers are exact. Four accumulators a row; the registers hold two rows.
#include "lanes256.h"
#include "names.h"

#if ATTUNE_X86
#define TARGET ATTUNE_AVX2
#define ISA avx2
#define ROWS 2
#define TILE 2

// float32

INLINE256 __m256 products_f32(__m256 a, __m256 b, __m256 s) { return _mm256_fmadd_ps(a, b, s); }
INLINE256 __m256 differences_f32(__m256 a, __m256 b, __m256 s) {
    const __m256 d = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(d, d, s);
}

#define TYPE f32
#define ELEMENT float
#define RESULT float
#define LANES __m256
#define SUM __m256
#define WIDTH 8
#define LOAD(p) _mm256_loadu_ps(p)
#define LOAD_PART(p, rest) load256(p, tail_mask256(rest))
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO _mm256_setzero_ps()
#define ADD _mm256_add_ps
#define TOTAL float_total256
#define TOTALS float_totals256
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

// float16

#define TYPE f16
#define ELEMENT uint16_t
#define RESULT float
#define LANES __m256
#define SUM __m256
#define WIDTH 8
#define LOAD(p) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p)))
#define LOAD_PART(p, rest) _mm256_cvtph_ps(bytes128(p, 2 * (rest)))
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
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
    __m256 even, odd;
} two_lanes;

INLINE256 two_lanes widened(__m256i x) {
    const __m256i odd = _mm256_and_si256(x, _mm256_set1_epi32((int)0xffff0000u));
    return (two_lanes){_mm256_castsi256_ps(_mm256_slli_epi32(x, 16)), _mm256_castsi256_ps(odd)};
}
INLINE256 __m256 products_bf16(two_lanes a, two_lanes b, __m256 s) {
    return products_f32(a.odd, b.odd, products_f32(a.even, b.even, s));
}
INLINE256 __m256 differences_bf16(two_lanes a, two_lanes b, __m256 s) {
    return differences_f32(a.odd, b.odd, differences_f32(a.even, b.even, s));
}

#define TYPE bf16
#define ELEMENT uint16_t
#define RESULT float
#define LANES two_lanes
#define SUM __m256
#define WIDTH 16
#define LOAD(p) widened(_mm256_loadu_si256((const __m256i *)(p)))
#define LOAD_PART(p, rest) widened(bytes256(p, 2 * (rest)))
#define PRODUCT products_bf16
#define DIFFERENCE differences_bf16
#define ZERO _mm256_setzero_ps()
#define ADD _mm256_add_ps
#define TOTAL float_total256
#define TOTALS float_totals256
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

// int8

INLINE256 __m256i products_i8(__m256i a, __m256i b, __m256i s) {
    return _mm256_add_epi32(s, _mm256_madd_epi16(a, b));
}
INLINE256 __m256i differences_i8(__m256i a, __m256i b, __m256i s) {
    const __m256i d = _mm256_sub_epi16(a, b);
    return _mm256_add_epi32(s, _mm256_madd_epi16(d, d));
}

#define TYPE i8
#define ELEMENT int8_t
#define RESULT int32_t
#define LANES __m256i
#define SUM __m256i
#define WIDTH 16
#define LOAD(p) _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(p)))
#define LOAD_PART(p, rest) _mm256_cvtepi8_epi16(bytes128(p, rest))
#define PRODUCT products_i8
#define DIFFERENCE differences_i8
#define ZERO _mm256_setzero_si256()
#define ADD _mm256_add_epi32
#define TOTAL int_total256
#define TOTALS int_totals256
#define CHAINS 1
#define NORM int_norm
#define COSINE int_cosine
#include "loops.h"
#include "forms_of_number.h"

// Rows of an index, with a query in float32: the elements become the floats that they stand for on their way in.

INLINE256 __m256 bfloats256(__m128i x) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
}
INLINE256 __m256 floats256(__m128i x) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(x)); }

typedef struct row_factors {
    __m256 step, low;
} row_factors;

INLINE256 row_factors factors_of(const uint8_t *row, size_t n) {
    return (row_factors){_mm256_set1_ps(byte_row_factor(row, n, 0)), _mm256_set1_ps(byte_row_factor(row, n, 1))};
}
INLINE256 __m256 decoded(row_factors f, __m256 x) { return _mm256_fmadd_ps(f.step, x, f.low); }
INLINE256 __m256 decoded_part(row_factors f, __m256 x, size_t rest) {
    return _mm256_and_ps(decoded(f, x), _mm256_castsi256_ps(tail_mask256(rest)));
}

#define TYPE f32_bf16
#define QUERY float
#define ELEMENT uint16_t
#define RESULT float
#define LANES __m256
#define SUM __m256
#define WIDTH 8
#define QUERY_LOAD(p) _mm256_loadu_ps(p)
#define QUERY_LOAD_PART(p, rest) load256(p, tail_mask256(rest))
#define LOAD(p) bfloats256(_mm_loadu_si128((const __m128i *)(p)))
#define LOAD_PART(p, rest) bfloats256(bytes128(p, 2 * (rest)))
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO _mm256_setzero_ps()
#define ADD _mm256_add_ps
#define TOTAL float_total256
#define TOTALS float_totals256
#include "block.h"
#include "forms_of_rows.h"

#define TYPE f32_u8
#define QUERY float
#define ELEMENT uint8_t
#define RESULT float
#define LANES __m256
#define SUM __m256
#define WIDTH 8
#define QUERY_LOAD(p) _mm256_loadu_ps(p)
#define QUERY_LOAD_PART(p, rest) load256(p, tail_mask256(rest))
#define LOAD(p) floats256(_mm_loadl_epi64((const __m128i *)(p)))
#define LOAD_PART(p, rest) floats256(bytes128(p, rest))
#define FACTORS row_factors
#define FACTORS_OF factors_of
#define DECODED decoded
#define DECODED_PART decoded_part
#define STORE _mm256_storeu_ps
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO _mm256_setzero_ps()
#define ADD _mm256_add_ps
#define TOTAL float_total256
#define TOTALS float_totals256
#include "block.h"
#include "forms_of_rows.h"

// Bits

INLINE256 __m256i unequal_bits(__m256i a, __m256i b, __m256i s) {
    const __m256i counts = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i x = _mm256_xor_si256(a, b), low = _mm256_set1_epi8(15);
    const __m256i count = _mm256_add_epi8(
        _mm256_shuffle_epi8(counts, _mm256_and_si256(x, low)),
        _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(x, 4), low)));
    return _mm256_add_epi32(s, _mm256_sad_epu8(count, _mm256_setzero_si256()));
}

#define TYPE b1
#define ELEMENT uint8_t
#define RESULT int32_t
#define LANES __m256i
#define SUM __m256i
#define WIDTH 32
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define LOAD_PART(p, rest) bytes256(p, rest)
#define PRODUCT unequal_bits
#define ZERO _mm256_setzero_si256()
#define ADD _mm256_add_epi32
#define TOTAL int_total256
#define TOTALS int_totals256
#define CHAINS 1
#include "loops.h"
#include "forms_of_bits.h"
#endif
