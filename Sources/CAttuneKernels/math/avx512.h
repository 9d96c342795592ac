// What the AVX-512 kernels share: loops with masked tails, e^x and the normal distribution.
#ifndef ATTUNE_MATH_AVX512_H
#define ATTUNE_MATH_AVX512_H

#include "../kernel_list.h"
#include "constants.h"

#if ATTUNE_X86
#include <immintrin.h>

#define INLINE512 ATTUNE_INLINE ATTUNE_AVX512

INLINE512 __mmask16 tail_mask512(size_t rest) { return (__mmask16)((1u << rest) - 1); }
INLINE512 __m512 load512(const float *p, __mmask16 mask) { return _mm512_maskz_loadu_ps(mask, p); }
INLINE512 void store512(float *p, __mmask16 mask, __m512 v) { _mm512_mask_storeu_ps(p, mask, v); }

/// Runs the statements for every 16 elements from i, with `mask` the lanes that exist: all of them but in the last round.
#define EACH_16(n, ...)                                                                                                \
    do {                                                                                                               \
        size_t i = 0;                                                                                                  \
        for (; i + 16 <= (n); i += 16) {                                                                               \
            const __mmask16 mask = 0xffff;                                                                             \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const __mmask16 mask = tail_mask512((n) - i);                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    } while (0)

/// The same with u = 0, 1, 2, 3 in turn: for four accumulators, which hide the latency of an addition.
#define EACH_16_OF_4(n, ...)                                                                                           \
    do {                                                                                                               \
        size_t i = 0;                                                                                                  \
        while (i + 64 <= (n)) {                                                                                        \
            const __mmask16 mask = 0xffff;                                                                             \
            _Pragma("clang loop unroll(full)") for (int u = 0; u < 4; u++, i += 16) { __VA_ARGS__ }                    \
        }                                                                                                              \
        for (; i + 16 <= (n); i += 16) {                                                                               \
            const __mmask16 mask = 0xffff;                                                                             \
            const int u = 0;                                                                                           \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const __mmask16 mask = tail_mask512((n) - i);                                                              \
            const int u = 1;                                                                                           \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    } while (0)

#define ZEROS_512 {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()}

INLINE512 float total512(const __m512 s[4]) {
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s[0], s[1]), _mm512_add_ps(s[2], s[3])));
}

/// e^x within 1.1 ULP; NaN stays NaN.
INLINE512 __m512 exp512(__m512 x) {
    // min and max give their second operand when one is NaN.
    x = _mm512_max_ps(_mm512_set1_ps(EXP_LOWEST), _mm512_min_ps(_mm512_set1_ps(EXP_HIGHEST), x));
    __m512 n = _mm512_roundscale_ps(
        _mm512_mul_ps(x, _mm512_set1_ps(LOG2_E)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(LN_2_HIGH), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(LN_2_LOW), r);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(EXP_C0), r, _mm512_set1_ps(EXP_C1));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(EXP_C2));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(EXP_C3));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(EXP_C4));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(EXP_C5));
    p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r);
    return _mm512_scalef_ps(_mm512_add_ps(p, _mm512_set1_ps(1)), n);
}

/// The normal distribution function (1 + erf(x/sqrt 2)) / 2. Below zero it comes from erfc, so its tail stays exact.
INLINE512 __m512 normal_distribution512(__m512 x) {
    const __m512 z = _mm512_mul_ps(x, _mm512_set1_ps(SQRT_HALF));
    const __m512 t = _mm512_abs_ps(z), square = _mm512_mul_ps(z, z), half = _mm512_set1_ps(0.5f);

    __m512 small = _mm512_fmadd_ps(_mm512_set1_ps(ERF_SMALL_0), square, _mm512_set1_ps(ERF_SMALL_1));
    small = _mm512_fmadd_ps(small, square, _mm512_set1_ps(ERF_SMALL_2));
    small = _mm512_fmadd_ps(small, square, _mm512_set1_ps(ERF_SMALL_3));
    small = _mm512_fmadd_ps(small, square, _mm512_set1_ps(ERF_SMALL_4));
    small = _mm512_fmadd_ps(small, square, _mm512_set1_ps(ERF_SMALL_5));
    small = _mm512_fmadd_ps(half, _mm512_fmadd_ps(small, z, z), half);

    __m512 large = _mm512_fmadd_ps(_mm512_set1_ps(ERF_LARGE_0), t, _mm512_set1_ps(ERF_LARGE_1));
    large = _mm512_fmadd_ps(
        large, square, _mm512_fmadd_ps(_mm512_set1_ps(ERF_LARGE_2), t, _mm512_set1_ps(ERF_LARGE_3)));
    large = _mm512_fmadd_ps(large, t, _mm512_set1_ps(ERF_LARGE_4));
    large = _mm512_fmadd_ps(large, t, _mm512_set1_ps(ERF_LARGE_5));
    large = _mm512_fmadd_ps(large, t, _mm512_set1_ps(ERF_LARGE_6));
    large = _mm512_fmsub_ps(large, t, t);
    large = _mm512_mul_ps(half, exp512(large));
    const __mmask16 positive = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ);
    large = _mm512_mask_sub_ps(large, positive, _mm512_set1_ps(1), large);

    return _mm512_mask_mov_ps(small, _mm512_cmp_ps_mask(t, _mm512_set1_ps(ERF_BORDER), _CMP_GT_OQ), large);
}

/// -u/v of the tanh form of GELU, v / (1 + e^-u) with u = 2 sqrt(2/pi) (v + 0.044715 v^3).
INLINE512 __m512 gelu_exponent512(__m512 square) {
    return _mm512_fmadd_ps(_mm512_set1_ps(-GELU_TWO_C_CUBE), square, _mm512_set1_ps(-GELU_TWO_C));
}

INLINE512 __m512 gelu_tanh512(__m512 v) {
    const __m512 e = exp512(_mm512_mul_ps(v, gelu_exponent512(_mm512_mul_ps(v, v))));
    return _mm512_div_ps(v, _mm512_add_ps(_mm512_set1_ps(1), e));
}

/// GELU by the normal distribution's short form.
INLINE512 __m512 short_gelu512(__m512 v) {
    const __m512 limit = _mm512_set1_ps(SHORT_GELU_LIMIT);
    const __m512 x = _mm512_max_ps(_mm512_set1_ps(-SHORT_GELU_LIMIT), _mm512_min_ps(limit, v));
    const __m512 square = _mm512_mul_ps(x, x);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(SHORT_GELU_6), square, _mm512_set1_ps(SHORT_GELU_5));
    p = _mm512_fmadd_ps(p, square, _mm512_set1_ps(SHORT_GELU_4));
    p = _mm512_fmadd_ps(p, square, _mm512_set1_ps(SHORT_GELU_3));
    p = _mm512_fmadd_ps(p, square, _mm512_set1_ps(SHORT_GELU_2));
    p = _mm512_fmadd_ps(p, square, _mm512_set1_ps(SHORT_GELU_1));
    p = _mm512_fmadd_ps(p, square, _mm512_set1_ps(SHORT_GELU_0));
    return _mm512_mul_ps(v, _mm512_fmadd_ps(p, x, _mm512_set1_ps(0.5f)));
}

/// 2^x for x <= 0 by the short form.
INLINE512 __m512 short_exp2_512(__m512 x) {
    const __m512 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 r = _mm512_sub_ps(x, n);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(SHORT_EXP2_3), r, _mm512_set1_ps(SHORT_EXP2_2));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(SHORT_EXP2_1));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(SHORT_EXP2_0));
    return _mm512_scalef_ps(p, n);
}

#endif
#endif
