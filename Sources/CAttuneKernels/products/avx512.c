// Products with packed weights, AVX-512.
//
// Instructions: vfmadd231ps zmm (one a cycle on Zen 4, two on recent Intel), vbroadcastss from memory.
// A tile of 12 rows by 32 columns keeps 24 accumulators and two columns of weights in registers: 26 of 32, enough
// independent chains to hide the latency, and 14 loads for 24 multiplications.
// Numeric policy: each output is one chain of fused multiply-adds over the inputs in their order, whatever tile it falls
// in; so a row's result depends neither on the number of rows nor on its place among them.
#include "../kernel_list.h"

#if ATTUNE_X86
#include <immintrin.h>

#define UNROLL _Pragma("clang loop unroll(full)")

ATTUNE_AVX512 ATTUNE_INLINE void tile(
    const int rows, const float *x, size_t x_stride, const float *panel, size_t inputs, float *y, size_t y_stride,
    __mmask16 low, __mmask16 high, const float *bias, int accumulate) {
    __m512 left[12], right[12];
    UNROLL for (int i = 0; i < rows; i++) left[i] = right[i] = _mm512_setzero_ps();
    for (size_t k = 0; k < inputs; k++, panel += ATTUNE_PANEL) {
        const __m512 w0 = _mm512_load_ps(panel), w1 = _mm512_load_ps(panel + 16);
        _mm_prefetch((const char *)(panel + 256), _MM_HINT_T0);
        _mm_prefetch((const char *)(panel + 272), _MM_HINT_T0);
        UNROLL for (int i = 0; i < rows; i++) {
            const __m512 value = _mm512_set1_ps(x[(size_t)i * x_stride + k]);
            left[i] = _mm512_fmadd_ps(value, w0, left[i]);
            right[i] = _mm512_fmadd_ps(value, w1, right[i]);
        }
    }
    const __m512 b0 = bias ? _mm512_maskz_loadu_ps(low, bias) : _mm512_setzero_ps();
    const __m512 b1 = bias ? _mm512_maskz_loadu_ps(high, bias + 16) : _mm512_setzero_ps();
    UNROLL for (int i = 0; i < rows; i++) {
        float *row = y + (size_t)i * y_stride;
        __m512 v0 = _mm512_add_ps(left[i], b0), v1 = _mm512_add_ps(right[i], b1);
        if (accumulate) {
            v0 = _mm512_add_ps(v0, _mm512_maskz_loadu_ps(low, row));
            v1 = _mm512_add_ps(v1, _mm512_maskz_loadu_ps(high, row + 16));
        }
        _mm512_mask_storeu_ps(row, low, v0);
        _mm512_mask_storeu_ps(row + 16, high, v1);
    }
}

#define TILE(n) \
    ATTUNE_AVX512 static void tile_##n(const float *x, size_t x_stride, const float *panel, size_t inputs, float *y, \
                                size_t y_stride, __mmask16 low, __mmask16 high, const float *bias, int accumulate) { \
        tile(n, x, x_stride, panel, inputs, y, y_stride, low, high, bias, accumulate); \
    }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)

typedef void (*tile_function)(const float *, size_t, const float *, size_t, float *, size_t, __mmask16, __mmask16,
                              const float *, int);
static const tile_function tiles[13] = {0, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6,
    tile_7, tile_8, tile_9, tile_10, tile_11, tile_12};

static inline __mmask16 columns_mask(size_t columns) {
    return columns >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << columns) - 1);
}

void attune_product_f32_avx512(const float *x, size_t x_stride, size_t rows, const float *packed, size_t inputs,
                               size_t outputs, const float *bias, float *y, size_t y_stride, int accumulate) {
    for (size_t first = 0; first < rows; first += ATTUNE_PRODUCT_BLOCK) {
        const size_t last = first + ATTUNE_PRODUCT_BLOCK < rows ? first + ATTUNE_PRODUCT_BLOCK : rows;
        for (size_t column = 0; column < outputs; column += ATTUNE_PANEL) {
            const size_t width = outputs - column;
            const __mmask16 low = columns_mask(width), high = width > 16 ? columns_mask(width - 16) : 0;
            for (size_t row = first; row < last; row += 12) {
                const size_t count = last - row < 12 ? last - row : 12;
                tiles[count](x + row * x_stride, x_stride, packed + column * inputs, inputs, y + row * y_stride + column,
                             y_stride, low, high, bias ? bias + column : 0, accumulate);
            }
        }
    }
}
#endif
