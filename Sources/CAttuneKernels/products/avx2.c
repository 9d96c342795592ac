// Products with packed weights, AVX2 and FMA.
//
// Instructions: vfmadd231ps ymm (two a cycle), vbroadcastss from memory.
// A tile of 6 rows by 16 columns keeps 12 accumulators and two columns of weights in registers: 15 of 16. A panel of 32
// columns is read as two halves.
// Numeric policy: as AVX-512's, one chain of fused multiply-adds an output; the two give the same bits.
#include "../kernel_list.h"

#if ATTUNE_X86
#include <immintrin.h>

#define UNROLL _Pragma("clang loop unroll(full)")

/// The first `columns` of eight lanes.
ATTUNE_AVX2 static inline __m256i lanes(size_t columns) {
    const __m256i order = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(columns < 8 ? (int)columns : 8), order);
}

ATTUNE_AVX2 ATTUNE_INLINE void tile(
    const int rows, const float *x, size_t x_stride, const float *panel, size_t inputs, float *y, size_t y_stride,
    size_t columns, const float *bias, int accumulate) {
    __m256 left[6], right[6];
    UNROLL for (int i = 0; i < rows; i++) left[i] = right[i] = _mm256_setzero_ps();
    for (size_t k = 0; k < inputs; k++, panel += ATTUNE_PANEL) {
        const __m256 w0 = _mm256_load_ps(panel), w1 = _mm256_load_ps(panel + 8);
        UNROLL for (int i = 0; i < rows; i++) {
            const __m256 value = _mm256_broadcast_ss(x + (size_t)i * x_stride + k);
            left[i] = _mm256_fmadd_ps(value, w0, left[i]);
            right[i] = _mm256_fmadd_ps(value, w1, right[i]);
        }
    }
    const __m256i low = lanes(columns), high = lanes(columns > 8 ? columns - 8 : 0);
    const __m256 b0 = bias ? _mm256_maskload_ps(bias, low) : _mm256_setzero_ps();
    const __m256 b1 = bias ? _mm256_maskload_ps(bias + 8, high) : _mm256_setzero_ps();
    UNROLL for (int i = 0; i < rows; i++) {
        float *row = y + (size_t)i * y_stride;
        __m256 v0 = _mm256_add_ps(left[i], b0), v1 = _mm256_add_ps(right[i], b1);
        if (accumulate) {
            v0 = _mm256_add_ps(v0, _mm256_maskload_ps(row, low));
            v1 = _mm256_add_ps(v1, _mm256_maskload_ps(row + 8, high));
        }
        _mm256_maskstore_ps(row, low, v0);
        _mm256_maskstore_ps(row + 8, high, v1);
    }
}

#define TILE(n) \
    ATTUNE_AVX2 static void tile_##n(const float *x, size_t x_stride, const float *panel, size_t inputs, float *y, \
                                size_t y_stride, size_t columns, const float *bias, int accumulate) { \
        tile(n, x, x_stride, panel, inputs, y, y_stride, columns, bias, accumulate); \
    }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)

typedef void (*tile_function)(const float *, size_t, const float *, size_t, float *, size_t, size_t, const float *, int);
static const tile_function tiles[7] = {0, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};

void attune_product_f32_avx2(const float *x, size_t x_stride, size_t rows, const float *packed, size_t inputs,
                             size_t outputs, const float *bias, float *y, size_t y_stride, int accumulate) {
    for (size_t first = 0; first < rows; first += ATTUNE_PRODUCT_BLOCK) {
        const size_t last = first + ATTUNE_PRODUCT_BLOCK < rows ? first + ATTUNE_PRODUCT_BLOCK : rows;
        for (size_t column = 0; column < outputs; column += 16) {
            const float *panel = packed + column / ATTUNE_PANEL * ATTUNE_PANEL * inputs + column % ATTUNE_PANEL;
            for (size_t row = first; row < last; row += 6) {
                const size_t count = last - row < 6 ? last - row : 6;
                tiles[count](x + row * x_stride, x_stride, panel, inputs, y + row * y_stride + column, y_stride,
                             outputs - column, bias ? bias + column : 0, accumulate);
            }
        }
    }
}
#endif
