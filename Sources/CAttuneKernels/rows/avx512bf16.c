// Rows with AVX-512 BF16.
//
// Instructions: vcvtneps2bf16; e^x by a short polynomial and vscalefps, as exact as the rounding that follows.
// Numeric policy: as avx512.c; subnormal results become zero.
#include "../math/avx512.h"

#if ATTUNE_X86
#include <math.h>

ATTUNE_AVX512BF16 float attune_exponentials_bf16_avx512bf16(const float *x, size_t n, float scale, uint16_t *y) {
    const __m512 lowest = _mm512_set1_ps(-INFINITY);
    __m512 m = lowest;
    EACH_16(n, { m = _mm512_mask_max_ps(m, mask, m, load512(x + i, mask)); });
    const __m512 largest = _mm512_set1_ps(_mm512_reduce_max_ps(m)), factor = _mm512_set1_ps(scale * LOG2_E);
    __m512 s[4] = ZEROS_512;
    EACH_16_OF_4(n, {
        const __m512 e = short_exp2_512(_mm512_mul_ps(factor, _mm512_sub_ps(load512(x + i, mask), largest)));
        _mm256_mask_storeu_epi16(y + i, mask, (__m256i)_mm512_cvtneps_pbh(e));
        s[u] = _mm512_mask_add_ps(s[u], mask, s[u], e);
    });
    return 1 / total512(s);
}
#endif
