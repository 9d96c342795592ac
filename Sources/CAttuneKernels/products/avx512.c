// Products with packed weights in float32, AVX-512.
//
// Instructions: vfmadd231ps zmm (one a cycle on Zen 4, two on recent Intel), vbroadcastss from memory.
// A tile of 12 rows by 32 columns keeps 24 accumulators and two columns of weights in registers: 26 of 32, and makes 14
// loads for 24 multiplications.
// Numeric policy: each output is one chain of fused multiply-adds over the inputs in their order, whatever tile it falls
// in; so a row's result depends neither on the number of rows nor on its place among them.
#include "tail_avx512.h"

#if ATTUNE_X86

TILE_TARGET ATTUNE_INLINE void tile(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail, next_panel next) {
    const float *values = (const float *)x->values + row * x->stride;
    const float *panel = (const float *)w->panels + column * w->inputs;
    __m512 left[TILE_ROWS], right[TILE_ROWS];
    fetch_target(rows, row, column, w->inputs, tail);
    UNROLL for (int i = 0; i < rows; i++) left[i] = right[i] = _mm512_setzero_ps();
    for (size_t k = 0; k < w->inputs; k++, panel += ATTUNE_PANEL) {
        const __m512 w0 = _mm512_load_ps(panel), w1 = _mm512_load_ps(panel + 16);
        _mm_prefetch((const char *)(panel + 256), _MM_HINT_T0);
        _mm_prefetch((const char *)(panel + 272), _MM_HINT_T0);
        _mm_prefetch(next.address, _MM_HINT_T1);
        _mm_prefetch(next.address + 64, _MM_HINT_T1);
        next.address += next.step;
        UNROLL for (int i = 0; i < rows; i++) {
            const __m512 value = _mm512_set1_ps(values[(size_t)i * x->stride + k]);
            left[i] = _mm512_fmadd_ps(value, w0, left[i]);
            right[i] = _mm512_fmadd_ps(value, w1, right[i]);
        }
    }
    if (tail->low) add_low_rank(rows, left, right, tail, row, column);
    finish_tile(rows, left, right, row, column, w->outputs, tail);
}

DEFINE_TILES

ATTUNE_AVX512 void attune_product_f32_avx512(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    RUN_TILES(tiles, w->inputs);
}

// Without instructions of their own, the reduced precisions gain nothing from wider registers.

void attune_product_bf16_avx512(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    attune_product_bf16_avx2(x, w, tail);
}

void attune_product_int8_avx512(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    attune_product_int8_avx2(x, w, tail);
}
#endif
