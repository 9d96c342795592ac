// Products with packed weights in float32, bfloat16 and 8 bits, AVX2 and FMA.
//
// Instructions: vfmadd231ps ymm (two a cycle), broadcasts from memory; bfloat16 is widened by a shift or a mask, 8 bits
// are widened to 16 and go through vpmaddwd (vpmaddubsw would saturate).
// A tile of 6 rows by 16 columns keeps 12 accumulators and two columns of weights in registers: 15 of 16; in 8 bits 4
// rows. A panel of 32 columns is read as two halves.
// Numeric policy: as AVX-512's, one chain of fused multiply-adds an output in float32 and bfloat16 (where AVX-512 BF16
// rounds and flushes otherwise), exact sums in 8 bits.
#include "../math/avx2.h"

#if ATTUNE_X86

#define UNROLL _Pragma("clang loop unroll(full)")

enum { TILE_ROWS = 6, TILE_ROWS_INT8 = 4, TILE_COLUMNS = 16 };

/// The lanes of eight that lie below `columns`.
INLINE256 __m256i lanes(size_t columns) { return tail_mask256(columns < 8 ? columns : 8); }

/// The nearest bf16 of eight, ties to even, NaN stays NaN.
INLINE256 __m128i narrow256(__m256 v) {
    const __m256i bits = _mm256_castps_si256(v), upper = _mm256_srli_epi32(bits, 16);
    const __m256i even = _mm256_and_si256(upper, _mm256_set1_epi32(1));
    const __m256i sum = _mm256_add_epi32(bits, _mm256_add_epi32(even, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i result = _mm256_blendv_epi8(_mm256_srli_epi32(sum, 16), quiet, nan);
    return _mm_packus_epi32(_mm256_castsi256_si128(result), _mm256_extracti128_si256(result, 1));
}

INLINE256 void add_low_rank(
    const int rows, __m256 *left, __m256 *right, const attune_tail *tail, size_t row, size_t column) {
    const float *low = tail->low + row * tail->low_stride;
    const float *panel = tail->low_panels + column / ATTUNE_PANEL * ATTUNE_PANEL * tail->rank + column % ATTUNE_PANEL;
    for (size_t k = 0; k < tail->rank; k++, panel += ATTUNE_PANEL) {
        const __m256 w0 = _mm256_load_ps(panel), w1 = _mm256_load_ps(panel + 8);
        UNROLL for (int i = 0; i < rows; i++) {
            const __m256 value = _mm256_broadcast_ss(low + (size_t)i * tail->low_stride + k);
            left[i] = _mm256_fmadd_ps(value, w0, left[i]);
            right[i] = _mm256_fmadd_ps(value, w1, right[i]);
        }
    }
}

/// Adds bias and residual to the sums of eight columns, applies the activation, and stores what exists of them.
INLINE256 void finish256(__m256 v, size_t row, size_t column, size_t outputs, const attune_tail *tail) {
    const size_t width = outputs > column ? outputs - column : 0;
    const __m256i mask = lanes(width);
    if (tail->row_factors) v = _mm256_mul_ps(v, _mm256_set1_ps(tail->row_factors[row]));
    if (tail->bias) v = _mm256_add_ps(v, load256(tail->bias + column, mask));
    if (tail->residual) v = _mm256_add_ps(v, load256(tail->residual + row * tail->residual_stride + column, mask));
    if (tail->activation == attune_activation_gelu_erf) v = _mm256_mul_ps(v, normal_distribution256(v));
    if (tail->activation == attune_activation_gelu_tanh) v = gelu_tanh256(v);
    if (tail->activation == attune_activation_gelu_short) v = short_gelu256(v);
    const size_t place = row * tail->y_stride + column;
    if (tail->narrow) {
        uint16_t narrow[8];
        _mm_storeu_si128((__m128i *)narrow, narrow256(v));
        __builtin_memcpy((uint16_t *)tail->y + place, narrow, 2 * (width < 8 ? width : 8));
    } else {
        store256((float *)tail->y + place, mask, v);
    }
}

ATTUNE_AVX2 static __attribute__((noinline)) void finish_rows(
    const __m256 (*sums)[2], size_t rows, size_t row, size_t column, size_t outputs, const attune_tail *tail) {
    for (size_t i = 0; i < rows; i++) {
        finish256(sums[i][0], row + i, column, outputs, tail);
        finish256(sums[i][1], row + i, column + 8, outputs, tail);
    }
}

INLINE256 void finish_tile(
    const int rows, __m256 *left, __m256 *right, size_t row, size_t column, size_t outputs, const attune_tail *tail) {
    if (tail->low) add_low_rank(rows, left, right, tail, row, column);
    __m256 sums[TILE_ROWS][2];
    UNROLL for (int i = 0; i < rows; i++) {
        sums[i][0] = left[i];
        sums[i][1] = right[i];
    }
    finish_rows(sums, (size_t)rows, row, column, outputs, tail);
}

INLINE256 void tile_f32(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail) {
    const float *values = (const float *)x->values + row * x->stride;
    const float *panel =
        (const float *)w->panels + column / ATTUNE_PANEL * ATTUNE_PANEL * w->inputs + column % ATTUNE_PANEL;
    __m256 left[TILE_ROWS], right[TILE_ROWS];
    UNROLL for (int i = 0; i < rows; i++) left[i] = right[i] = _mm256_setzero_ps();
    for (size_t k = 0; k < w->inputs; k++, panel += ATTUNE_PANEL) {
        const __m256 w0 = _mm256_load_ps(panel), w1 = _mm256_load_ps(panel + 8);
        UNROLL for (int i = 0; i < rows; i++) {
            const __m256 value = _mm256_broadcast_ss(values + (size_t)i * x->stride + k);
            left[i] = _mm256_fmadd_ps(value, w0, left[i]);
            right[i] = _mm256_fmadd_ps(value, w1, right[i]);
        }
    }
    finish_tile(rows, left, right, row, column, w->outputs, tail);
}

/// The first and the second of each pair of bf16.
INLINE256 __m256 first_of_pairs(__m256i v) { return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16)); }
INLINE256 __m256 second_of_pairs(__m256i v) {
    return _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32((int)0xffff0000)));
}

INLINE256 void tile_bf16(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail) {
    const size_t pairs = (w->inputs + 1) / 2, stride = x->stride / 2;
    const uint32_t *values = (const uint32_t *)x->values + row * stride;
    const uint32_t *panel =
        (const uint32_t *)w->panels + column / ATTUNE_PANEL * ATTUNE_PANEL * pairs + column % ATTUNE_PANEL;
    __m256 left[TILE_ROWS], right[TILE_ROWS];
    UNROLL for (int i = 0; i < rows; i++) left[i] = right[i] = _mm256_setzero_ps();
    for (size_t k = 0; k < pairs; k++, panel += ATTUNE_PANEL) {
        const __m256i w0 = _mm256_load_si256((const __m256i *)panel);
        const __m256i w1 = _mm256_load_si256((const __m256i *)(panel + 8));
        UNROLL for (int i = 0; i < rows; i++) {
            const __m256 value = first_of_pairs(_mm256_set1_epi32((int)values[(size_t)i * stride + k]));
            left[i] = _mm256_fmadd_ps(value, first_of_pairs(w0), left[i]);
            right[i] = _mm256_fmadd_ps(value, first_of_pairs(w1), right[i]);
        }
        UNROLL for (int i = 0; i < rows; i++) {
            const __m256 value = second_of_pairs(_mm256_set1_epi32((int)values[(size_t)i * stride + k]));
            left[i] = _mm256_fmadd_ps(value, second_of_pairs(w0), left[i]);
            right[i] = _mm256_fmadd_ps(value, second_of_pairs(w1), right[i]);
        }
    }
    finish_tile(rows, left, right, row, column, w->outputs, tail);
}

/// Sums with their zero point taken out, scaled.
INLINE256 __m256 scaled(
    __m256i sums, const attune_operand *x, size_t row, const attune_panels *w, size_t column) {
    const __m256i zero = _mm256_set1_epi32(x->zeros[row]);
    const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(x->scales[row]), _mm256_loadu_ps(w->scales + column));
    const __m256i all = _mm256_loadu_si256((const __m256i *)(w->sums + column));
    return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(sums, _mm256_mullo_epi32(zero, all))), scale);
}

INLINE256 void tile_int8(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail) {
    const size_t quads = (w->inputs + 3) / 4, stride = x->stride / 4;
    const uint32_t *values = (const uint32_t *)x->values + row * stride;
    const uint32_t *panel =
        (const uint32_t *)w->panels + column / ATTUNE_PANEL * ATTUNE_PANEL * quads + column % ATTUNE_PANEL;
    __m256i left[TILE_ROWS_INT8], right[TILE_ROWS_INT8];
    UNROLL for (int i = 0; i < rows; i++) left[i] = right[i] = _mm256_setzero_si256();
    for (size_t k = 0; k < quads; k++, panel += ATTUNE_PANEL) {
        const __m256i w0 = _mm256_load_si256((const __m256i *)panel);
        const __m256i w1 = _mm256_load_si256((const __m256i *)(panel + 8));
        // Of the four bytes of a lane: the first and third, the second and fourth, as 16 bits.
        const __m256i even0 = _mm256_srai_epi16(_mm256_slli_epi16(w0, 8), 8), odd0 = _mm256_srai_epi16(w0, 8);
        const __m256i even1 = _mm256_srai_epi16(_mm256_slli_epi16(w1, 8), 8), odd1 = _mm256_srai_epi16(w1, 8);
        UNROLL for (int i = 0; i < rows; i++) {
            const __m256i value = _mm256_set1_epi32((int)values[(size_t)i * stride + k]);
            const __m256i even = _mm256_and_si256(value, _mm256_set1_epi16(0xff)), odd = _mm256_srli_epi16(value, 8);
            left[i] = _mm256_add_epi32(left[i], _mm256_madd_epi16(even, even0));
            left[i] = _mm256_add_epi32(left[i], _mm256_madd_epi16(odd, odd0));
            right[i] = _mm256_add_epi32(right[i], _mm256_madd_epi16(even, even1));
            right[i] = _mm256_add_epi32(right[i], _mm256_madd_epi16(odd, odd1));
        }
    }
    __m256 low[TILE_ROWS_INT8], high[TILE_ROWS_INT8];
    UNROLL for (int i = 0; i < rows; i++) {
        low[i] = scaled(left[i], x, row + (size_t)i, w, column);
        high[i] = scaled(right[i], x, row + (size_t)i, w, column + 8);
    }
    finish_tile(rows, low, high, row, column, w->outputs, tail);
}

typedef void (*tile_function)(
    const attune_operand *x, size_t row, const attune_panels *w, size_t column, const attune_tail *tail);

#define TILE(type, n)                                                                                                  \
    ATTUNE_AVX2 static void tile_##type##_##n(                                                                         \
        const attune_operand *x, size_t row, const attune_panels *w, size_t column, const attune_tail *tail) {         \
        tile_##type(n, x, row, w, column, tail);                                                                       \
    }
TILE(f32, 1) TILE(f32, 2) TILE(f32, 3) TILE(f32, 4) TILE(f32, 5) TILE(f32, 6)
TILE(bf16, 1) TILE(bf16, 2) TILE(bf16, 3) TILE(bf16, 4) TILE(bf16, 5) TILE(bf16, 6)
TILE(int8, 1) TILE(int8, 2) TILE(int8, 3) TILE(int8, 4)

static const tile_function tiles_f32[] = {0, tile_f32_1, tile_f32_2, tile_f32_3, tile_f32_4, tile_f32_5, tile_f32_6};
static const tile_function tiles_bf16[] = {
    0, tile_bf16_1, tile_bf16_2, tile_bf16_3, tile_bf16_4, tile_bf16_5, tile_bf16_6};
static const tile_function tiles_int8[] = {0, tile_int8_1, tile_int8_2, tile_int8_3, tile_int8_4};

/// Runs a table of tiles over blocks of rows that stay in the level-2 cache, half a panel after the other.
static void run(
    const tile_function *tiles, size_t most, const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    for (size_t first = 0; first < x->rows; first += ATTUNE_PRODUCT_BLOCK) {
        const size_t last = first + ATTUNE_PRODUCT_BLOCK < x->rows ? first + ATTUNE_PRODUCT_BLOCK : x->rows;
        for (size_t column = 0; column < w->outputs; column += TILE_COLUMNS) {
            for (size_t row = first; row < last; row += most) {
                tiles[last - row < most ? last - row : most](x, row, w, column, tail);
            }
        }
    }
}

void attune_product_f32_avx2(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    run(tiles_f32, TILE_ROWS, x, w, tail);
}

void attune_product_bf16_avx2(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    run(tiles_bf16, TILE_ROWS, x, w, tail);
}

void attune_product_int8_avx2(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    run(tiles_int8, TILE_ROWS_INT8, x, w, tail);
}
#endif
