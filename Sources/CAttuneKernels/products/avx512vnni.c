// Products with packed weights in 8 bits, AVX-512 VNNI.
//
// Instructions: vpdpbusd zmm (one a cycle on Zen 4, two on Zen 5), vpbroadcastd of four activations from memory,
// vpdpwssd for the zero points.
// The tile of avx512.c; a step takes four inputs.
// Numeric policy: sums are exact in 32 bits; scales and the zero points of activations are applied once at the end, in
// float32. So all instruction sets agree up to the rounding of that step.
#define TILE_TARGET ATTUNE_AVX512VNNI
#include "tail_avx512.h"

#if ATTUNE_X86

/// A number of up to 23 bits as two of 16 that vpdpwssd takes: its last seven bits, and what is above them.
TILE_TARGET ATTUNE_INLINE __m512i split_sums(const int32_t *sums) {
    const __m512i s = _mm512_loadu_si512(sums);
    const __m512i high = _mm512_slli_epi32(_mm512_srai_epi32(s, 7), 16);
    return _mm512_or_si512(high, _mm512_and_si512(s, _mm512_set1_epi32(127)));
}

/// What takes `zero` times such a number away: -zero, and -128 zero.
TILE_TARGET ATTUNE_INLINE __m512i split_zero(int32_t zero) {
    return _mm512_set1_epi32((int)(((uint32_t)-zero & 0xffff) | ((uint32_t)-zero << 23)));
}

TILE_TARGET ATTUNE_INLINE void tile(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail, next_panel next) {
    const size_t quads = (w->inputs + 3) / 4, stride = x->stride / 4;
    const uint32_t *values = (const uint32_t *)x->values + row * stride;
    const uint32_t *panel = (const uint32_t *)w->panels + column * quads;
    __m512i left[TILE_ROWS], right[TILE_ROWS];
    fetch_target(rows, row, column, quads, tail);
    UNROLL for (int i = 0; i < rows; i++) left[i] = right[i] = _mm512_setzero_si512();
    for (size_t k = 0; k < quads; k++, panel += ATTUNE_PANEL) {
        const __m512i w0 = _mm512_load_si512(panel), w1 = _mm512_load_si512(panel + 16);
        _mm_prefetch((const char *)(panel + 256), _MM_HINT_T0);
        _mm_prefetch((const char *)(panel + 272), _MM_HINT_T0);
        _mm_prefetch(next.address, _MM_HINT_T1);
        _mm_prefetch(next.address + 64, _MM_HINT_T1);
        next.address += next.step;
        UNROLL for (int i = 0; i < rows; i++) {
            const __m512i value = _mm512_set1_epi32((int)values[(size_t)i * stride + k]);
            left[i] = _mm512_dpbusd_epi32(left[i], value, w0);
            right[i] = _mm512_dpbusd_epi32(right[i], value, w1);
        }
    }
    // Scales and sums reach to the end of the last panel.
    const __m512i s0 = split_sums(w->sums + column), s1 = split_sums(w->sums + column + 16);
    const __m512 c0 = _mm512_loadu_ps(w->scales + column), c1 = _mm512_loadu_ps(w->scales + column + 16);
    __m512 low[TILE_ROWS], high[TILE_ROWS];
    UNROLL for (int i = 0; i < rows; i++) {
        const __m512i zero = split_zero(x->zeros[row + (size_t)i]);
        const __m512 scale = _mm512_set1_ps(x->scales[row + (size_t)i]);
        const __m512i a = _mm512_dpwssd_epi32(left[i], zero, s0);
        const __m512i b = _mm512_dpwssd_epi32(right[i], zero, s1);
        low[i] = _mm512_mul_ps(_mm512_cvtepi32_ps(a), _mm512_mul_ps(scale, c0));
        high[i] = _mm512_mul_ps(_mm512_cvtepi32_ps(b), _mm512_mul_ps(scale, c1));
    }
    if (tail->low) add_low_rank(rows, low, high, tail, row, column);
    finish_tile(rows, low, high, row, column, w->outputs, tail);
}

DEFINE_TILES

ATTUNE_AVX512VNNI void attune_product_int8_avx512vnni(
    const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    RUN_TILES(tiles, (w->inputs + 3) / 4);
}
#endif
