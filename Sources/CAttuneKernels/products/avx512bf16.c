// Products with packed weights in bfloat16, AVX-512 BF16.
//
// Instructions: vdpbf16ps zmm (one a cycle on Zen 4), vpbroadcastd of a pair of activations from memory.
// The tile of avx512.c; a step takes two inputs.
// Numeric policy: each output is one chain over the pairs of inputs in their order; a step adds the two products of
// exact factors in float32, rounding each addition, and takes subnormals as zero. A row's result depends neither on the
// number of rows nor on its place among them.
#include "../kernel_list.h"

#if ATTUNE_X86
#include <immintrin.h>

/// The nearest bf16, ties to even; subnormals become zero.
ATTUNE_INLINE ATTUNE_AVX512BF16 __m256i narrow_by_instruction(__m512 v) { return (__m256i)_mm512_cvtneps_pbh(v); }
#define NARROW_512 narrow_by_instruction
#define TILE_TARGET ATTUNE_AVX512BF16
#endif
#include "tail_avx512.h"

#if ATTUNE_X86

TILE_TARGET ATTUNE_INLINE void tile(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail, next_panel next) {
    const size_t pairs = (w->inputs + 1) / 2, stride = x->stride / 2;
    const uint32_t *values = (const uint32_t *)x->values + row * stride;
    const uint32_t *panel = (const uint32_t *)w->panels + column * pairs;
    __m512 left[TILE_ROWS], right[TILE_ROWS];
    fetch_target(rows, row, column, pairs, tail);
    UNROLL for (int i = 0; i < rows; i++) left[i] = right[i] = _mm512_setzero_ps();
    for (size_t k = 0; k < pairs; k++, panel += ATTUNE_PANEL) {
        const __m512bh w0 = (__m512bh)_mm512_load_si512(panel), w1 = (__m512bh)_mm512_load_si512(panel + 16);
        _mm_prefetch((const char *)(panel + 256), _MM_HINT_T0);
        _mm_prefetch((const char *)(panel + 272), _MM_HINT_T0);
        _mm_prefetch(next.address, _MM_HINT_T1);
        _mm_prefetch(next.address + 64, _MM_HINT_T1);
        next.address += next.step;
        UNROLL for (int i = 0; i < rows; i++) {
            const __m512bh value = (__m512bh)_mm512_set1_epi32((int)values[(size_t)i * stride + k]);
            left[i] = _mm512_dpbf16_ps(left[i], value, w0);
            right[i] = _mm512_dpbf16_ps(right[i], value, w1);
        }
    }
    if (tail->low) add_low_rank(rows, left, right, tail, row, column);
    finish_tile(rows, left, right, row, column, w->outputs, tail);
}

DEFINE_TILES

ATTUNE_AVX512BF16 void attune_product_bf16_avx512bf16(
    const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    RUN_TILES(tiles, (w->inputs + 1) / 2);
}
#endif
