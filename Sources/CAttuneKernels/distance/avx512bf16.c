// Distances of bfloat16 with AVX-512 BF16. Squared L2 is that of AVX-512: the instruction can multiply by -1 and so
// subtract, but saves work only where nothing is widened for more than one pair.
//
// Instructions: vdpbf16ps zmm (5 or 6 cycles; one a cycle on Zen 4), 32 products each.
// Numeric policy: float32 in the order of loops.h, but each lane adds a pair of products a step, and the instruction
// rounds twice (to nearest, ties to even, whatever the mode) and takes and gives subnormals as zero. A sum of n
// products of normal numbers is so within (n + 2) 2^-24 of the sum of their magnitudes, as in float32, plus n 2^-126.
#include "lanes512.h"
#include "names.h"

#if ATTUNE_X86
#define TARGET ATTUNE_AVX512BF16
#define ISA avx512bf16
#define ROWS 4
#define TILE 4

INLINE __m512 products_bf16(__m512bh a, __m512bh b, __m512 s) { return _mm512_dpbf16_ps(s, a, b); }

#define TYPE bf16
#define ELEMENT uint16_t
#define RESULT float
#define LANES __m512bh
#define SUM __m512
#define WIDTH 32
#define LOAD(p) ((__m512bh)_mm512_loadu_si512(p))
#define LOAD_PART(p, rest) ((__m512bh)_mm512_maskz_loadu_epi16(mask32(rest), p))
#define PRODUCT products_bf16
#define WITHOUT_DIFFERENCES
#define ZERO _mm512_setzero_ps()
#define ADD _mm512_add_ps
#define TOTAL float_total512
#define TOTALS float_totals512
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"

// Squared L2

/// s + (a-b)^2 of the elements of `mask`, even ones first, with the bits of AVX-512's. Of the odd elements only b is
/// widened, by the load: a times (0, -1), in pairs, is added to it, and a product with 0 or -1 is not rounded.
INLINE __m512 differences_bf16(const uint16_t *a, const uint16_t *b, __mmask32 mask, __m512 s) {
    const __m512i x = _mm512_maskz_loadu_epi16(mask, a), y = _mm512_maskz_loadu_epi16(mask, b);
    const __m512 even = _mm512_sub_ps(
        _mm512_castsi512_ps(_mm512_slli_epi32(x, 16)), _mm512_castsi512_ps(_mm512_slli_epi32(y, 16)));
    const __m512 odd = _mm512_dpbf16_ps(
        _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(mask & 0xaaaaaaaa, b)), (__m512bh)x,
        (__m512bh)_mm512_set1_epi32((int)0xbf800000u));
    return _mm512_fmadd_ps(odd, odd, _mm512_fmadd_ps(even, even, s));
}

ATTUNE_AVX512BF16 float attune_squared_l2_bf16_avx512bf16(const uint16_t *a, const uint16_t *b, size_t n) {
    __m512 s[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    size_t i = 0;
    while (i + 128 <= n) {
        UNROLL for (int u = 0; u < 4; u++, i += 32) s[u] = differences_bf16(a + i, b + i, 0xffffffff, s[u]);
    }
    for (; i + 32 <= n; i += 32) s[0] = differences_bf16(a + i, b + i, 0xffffffff, s[0]);
    if (i < n) s[1] = differences_bf16(a + i, b + i, mask32(n - i), s[1]);
    const float sum = float_total512(_mm512_add_ps(_mm512_add_ps(s[0], s[1]), _mm512_add_ps(s[2], s[3])));
    // Beside an infinite element, 0 times it is NaN.
    return sum == sum ? sum : attune_squared_l2_bf16_avx512(a, b, n);
}

void attune_squared_l2s_bf16_avx512bf16(
    const uint16_t *query, const uint16_t *rows, size_t stride, size_t count, size_t n, float *out) {
    attune_squared_l2s_bf16_avx512(query, rows, stride, count, n, out);
}

void attune_squared_l2_matrix_bf16_avx512bf16(
    const uint16_t *queries, size_t query_stride, size_t query_count, const uint16_t *rows, size_t stride, size_t count,
    size_t n, float *out, size_t out_stride) {
    attune_squared_l2_matrix_bf16_avx512(queries, query_stride, query_count, rows, stride, count, n, out, out_stride);
}
#endif
