// What the AVX2 kernels share: loops with masked tails, e^x and the normal distribution.
#ifndef ATTUNE_MATH_AVX2_H
#define ATTUNE_MATH_AVX2_H

#include "../kernel_list.h"
#include "constants.h"

#if ATTUNE_X86
#include <immintrin.h>

#define INLINE256 ATTUNE_INLINE ATTUNE_AVX2

/// All bits set in the first `rest` lanes.
INLINE256 __m256i tail_mask256(size_t rest) {
    static const int ones_and_zeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(ones_and_zeros + 8 - rest));
}

INLINE256 __m256 load256(const float *p, __m256i mask) { return _mm256_maskload_ps(p, mask); }
INLINE256 void store256(float *p, __m256i mask, __m256 v) { _mm256_maskstore_ps(p, mask, v); }
INLINE256 __m256 only256(__m256i mask, __m256 v) { return _mm256_and_ps(_mm256_castsi256_ps(mask), v); }
INLINE256 __m256 abs256(__m256 v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v); }

/// Runs the statements for every 8 elements from i, with `mask` the lanes that exist: all of them but in the last round.
/// (The compiler turns loads and stores with a constant full mask into plain ones.)
#define EACH_8(n, ...)                                                                                                 \
    do {                                                                                                               \
        size_t i = 0;                                                                                                  \
        for (; i + 8 <= (n); i += 8) {                                                                                 \
            const __m256i mask = _mm256_set1_epi32(-1);                                                                \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const __m256i mask = tail_mask256((n) - i);                                                                \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    } while (0)

/// The same with u = 0, 1, 2, 3 in turn: for four accumulators, which hide the latency of an addition.
#define EACH_8_OF_4(n, ...)                                                                                            \
    do {                                                                                                               \
        size_t i = 0;                                                                                                  \
        while (i + 32 <= (n)) {                                                                                        \
            const __m256i mask = _mm256_set1_epi32(-1);                                                                \
            _Pragma("clang loop unroll(full)") for (int u = 0; u < 4; u++, i += 8) { __VA_ARGS__ }                     \
        }                                                                                                              \
        for (; i + 8 <= (n); i += 8) {                                                                                 \
            const __m256i mask = _mm256_set1_epi32(-1);                                                                \
            const int u = 0;                                                                                           \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const __m256i mask = tail_mask256((n) - i);                                                                \
            const int u = 1;                                                                                           \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    } while (0)

#define ZEROS_256 {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()}

INLINE256 float total256(const __m256 s[4]) {
    const __m256 v = _mm256_add_ps(_mm256_add_ps(s[0], s[1]), _mm256_add_ps(s[2], s[3]));
    __m128 w = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    w = _mm_add_ps(w, _mm_movehl_ps(w, w));
    return _mm_cvtss_f32(_mm_add_ss(w, _mm_movehdup_ps(w)));
}

INLINE256 float largest256(__m256 v) {
    __m128 w = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    w = _mm_max_ps(w, _mm_movehl_ps(w, w));
    return _mm_cvtss_f32(_mm_max_ss(w, _mm_movehdup_ps(w)));
}

/// e^x within 1.1 ULP; NaN stays NaN.
INLINE256 __m256 exp256(__m256 x) {
    // min and max give their second operand when one is NaN.
    x = _mm256_max_ps(_mm256_set1_ps(EXP_LOWEST), _mm256_min_ps(_mm256_set1_ps(EXP_HIGHEST), x));
    const __m256 n = _mm256_round_ps(
        _mm256_mul_ps(x, _mm256_set1_ps(LOG2_E)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(LN_2_HIGH), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(LN_2_LOW), r);
    __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(EXP_C0), r, _mm256_set1_ps(EXP_C1));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(EXP_C2));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(EXP_C3));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(EXP_C4));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(EXP_C5));
    p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r);
    p = _mm256_add_ps(p, _mm256_set1_ps(1));
    // 2^n in two factors, each a normal number, for results below the smallest normal and above the largest.
    const __m256i whole = _mm256_cvtps_epi32(n), first = _mm256_srai_epi32(whole, 1);
    const __m256i second = _mm256_sub_epi32(whole, first), bias = _mm256_set1_epi32(127);
    p = _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(first, bias), 23)));
    return _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(second, bias), 23)));
}

/// The normal distribution function (1 + erf(x/sqrt 2)) / 2. Below zero it comes from erfc, so its tail stays exact.
INLINE256 __m256 normal_distribution256(__m256 x) {
    const __m256 z = _mm256_mul_ps(x, _mm256_set1_ps(SQRT_HALF));
    const __m256 t = abs256(z), square = _mm256_mul_ps(z, z), half = _mm256_set1_ps(0.5f);

    __m256 small = _mm256_fmadd_ps(_mm256_set1_ps(ERF_SMALL_0), square, _mm256_set1_ps(ERF_SMALL_1));
    small = _mm256_fmadd_ps(small, square, _mm256_set1_ps(ERF_SMALL_2));
    small = _mm256_fmadd_ps(small, square, _mm256_set1_ps(ERF_SMALL_3));
    small = _mm256_fmadd_ps(small, square, _mm256_set1_ps(ERF_SMALL_4));
    small = _mm256_fmadd_ps(small, square, _mm256_set1_ps(ERF_SMALL_5));
    small = _mm256_fmadd_ps(half, _mm256_fmadd_ps(small, z, z), half);

    __m256 large = _mm256_fmadd_ps(_mm256_set1_ps(ERF_LARGE_0), t, _mm256_set1_ps(ERF_LARGE_1));
    large = _mm256_fmadd_ps(
        large, square, _mm256_fmadd_ps(_mm256_set1_ps(ERF_LARGE_2), t, _mm256_set1_ps(ERF_LARGE_3)));
    large = _mm256_fmadd_ps(large, t, _mm256_set1_ps(ERF_LARGE_4));
    large = _mm256_fmadd_ps(large, t, _mm256_set1_ps(ERF_LARGE_5));
    large = _mm256_fmadd_ps(large, t, _mm256_set1_ps(ERF_LARGE_6));
    large = _mm256_mul_ps(half, exp256(_mm256_fmsub_ps(large, t, t)));
    const __m256 positive = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ);
    large = _mm256_blendv_ps(large, _mm256_sub_ps(_mm256_set1_ps(1), large), positive);

    return _mm256_blendv_ps(small, large, _mm256_cmp_ps(t, _mm256_set1_ps(ERF_BORDER), _CMP_GT_OQ));
}

/// -u/v of the tanh form of GELU, v / (1 + e^-u) with u = 2 sqrt(2/pi) (v + 0.044715 v^3).
INLINE256 __m256 gelu_exponent256(__m256 square) {
    return _mm256_fmadd_ps(_mm256_set1_ps(-GELU_TWO_C_CUBE), square, _mm256_set1_ps(-GELU_TWO_C));
}

INLINE256 __m256 gelu_tanh256(__m256 v) {
    const __m256 e = exp256(_mm256_mul_ps(v, gelu_exponent256(_mm256_mul_ps(v, v))));
    return _mm256_div_ps(v, _mm256_add_ps(_mm256_set1_ps(1), e));
}

/// GELU by the normal distribution's short form.
INLINE256 __m256 short_gelu256(__m256 v) {
    const __m256 limit = _mm256_set1_ps(SHORT_GELU_LIMIT);
    const __m256 x = _mm256_max_ps(_mm256_set1_ps(-SHORT_GELU_LIMIT), _mm256_min_ps(limit, v));
    const __m256 square = _mm256_mul_ps(x, x);
    __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(SHORT_GELU_6), square, _mm256_set1_ps(SHORT_GELU_5));
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(SHORT_GELU_4));
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(SHORT_GELU_3));
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(SHORT_GELU_2));
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(SHORT_GELU_1));
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(SHORT_GELU_0));
    return _mm256_mul_ps(v, _mm256_fmadd_ps(p, x, _mm256_set1_ps(0.5f)));
}

#endif
#endif
