// Products with packed weights in float32, bfloat16 and 8 bits, NEON.
//
// Instructions: fmla with broadcasts from memory; bfloat16 is widened by a shift or a mask; 8 bits are widened to 16,
// of which a product (255 by 127 at most) fits 16 bits again (mul), and pairs of these are added to 32 bits (sadalp).
// A tile of 6 rows by 16 columns keeps 24 accumulators and four columns of weights in registers: 29 of 32 with a
// broadcast; 5 rows in bfloat16, with both halves of the weights; 4 in 8 bits, with both halves of the values. A panel
// of 32 columns is read as two halves.
// Numeric policy: as AVX2's, one chain of fused multiply-adds an output in float32 and bfloat16, exact sums in 8 bits.
#include "../math/neon.h"

#if ATTUNE_ARM64

enum { TILE_ROWS = 6, TILE_ROWS_BF16 = 5, TILE_ROWS_INT8 = 4, TILE_COLUMNS = 16, VECTORS = TILE_COLUMNS / 4 };

/// Where the half of a panel begins that holds a column; a panel takes `words` words for each of its columns.
ATTUNE_INLINE const void *half_panel(const void *panels, size_t words, size_t column) {
    return (const uint32_t *)panels + column / ATTUNE_PANEL * ATTUNE_PANEL * words + column % ATTUNE_PANEL;
}

ATTUNE_INLINE uint32_t word_at(const void *p) {
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

ATTUNE_INLINE void add_products(
    const int rows, float32x4_t sums[][VECTORS], const float *values, size_t stride, const float *panel,
    size_t inputs) {
    for (size_t k = 0; k < inputs; k++, panel += ATTUNE_PANEL) {
        float32x4_t weights[VECTORS];
        UNROLL for (int c = 0; c < VECTORS; c++) weights[c] = vld1q_f32(panel + 4 * c);
        UNROLL for (int i = 0; i < rows; i++) {
            const float32x4_t value = vld1q_dup_f32(values + (size_t)i * stride + k);
            UNROLL for (int c = 0; c < VECTORS; c++) sums[i][c] = fused(value, weights[c], sums[i][c]);
        }
    }
}

/// Adds bias and residual to the sums of four columns, applies the activation, and stores what exists of them.
ATTUNE_INLINE void finish4(float32x4_t v, size_t row, size_t column, size_t rest, const attune_tail *tail) {
    if (tail->row_factors) v = vmulq_f32(v, vdupq_n_f32(tail->row_factors[row]));
    if (tail->bias) v = vaddq_f32(v, load4(tail->bias + column, rest));
    if (tail->residual) v = vaddq_f32(v, load4(tail->residual + row * tail->residual_stride + column, rest));
    if (tail->activation == attune_activation_gelu_erf) v = vmulq_f32(v, normal_distribution4(v));
    if (tail->activation == attune_activation_gelu_tanh) v = gelu_tanh4(v);
    if (tail->activation == attune_activation_gelu_short) v = short_gelu4(v);
    const size_t place = row * tail->y_stride + column;
    if (tail->narrow) {
        store_halves4((uint16_t *)tail->y + place, rest, bfloat16_of(v));
    } else {
        store4((float *)tail->y + place, rest, v);
    }
}

static __attribute__((noinline)) void finish_rows(
    float32x4_t (*sums)[VECTORS], size_t rows, size_t row, size_t column, size_t outputs, const attune_tail *tail) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < VECTORS && column + 4 * c < outputs; c++) {
            finish4(sums[i][c], row + i, column + 4 * c, outputs - column - 4 * c, tail);
        }
    }
}

/// Continues the sums with the low-rank term, and finishes them.
ATTUNE_INLINE void finish_tile(
    const int rows, float32x4_t sums[][VECTORS], size_t row, size_t column, size_t outputs, const attune_tail *tail) {
    if (tail->low) {
        add_products(
            rows, sums, tail->low + row * tail->low_stride, tail->low_stride,
            half_panel(tail->low_panels, tail->rank, column), tail->rank);
    }
    finish_rows(sums, (size_t)rows, row, column, outputs, tail);
}

ATTUNE_INLINE void clear(const int rows, float32x4_t sums[][VECTORS]) {
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int c = 0; c < VECTORS; c++) sums[i][c] = vdupq_n_f32(0);
    }
}

ATTUNE_INLINE void tile_f32(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail) {
    float32x4_t sums[TILE_ROWS][VECTORS];
    clear(rows, sums);
    add_products(
        rows, sums, (const float *)x->values + row * x->stride, x->stride, half_panel(w->panels, w->inputs, column),
        w->inputs);
    finish_tile(rows, sums, row, column, w->outputs, tail);
}

/// The first and the second of each pair of bf16.
ATTUNE_INLINE float32x4_t first_of_pairs(uint32x4_t v) { return vreinterpretq_f32_u32(vshlq_n_u32(v, 16)); }
ATTUNE_INLINE float32x4_t second_of_pairs(uint32x4_t v) {
    return vreinterpretq_f32_u32(vandq_u32(v, vdupq_n_u32(0xffff0000)));
}

ATTUNE_INLINE void tile_bf16(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail) {
    const size_t pairs = (w->inputs + 1) / 2;
    const uint16_t *values = (const uint16_t *)x->values + row * x->stride;
    const uint32_t *panel = half_panel(w->panels, pairs, column);
    float32x4_t sums[TILE_ROWS_BF16][VECTORS];
    clear(rows, sums);
    for (size_t k = 0; k < pairs; k++, panel += ATTUNE_PANEL) {
        uint32x4_t weights[VECTORS];
        UNROLL for (int c = 0; c < VECTORS; c++) weights[c] = vld1q_u32(panel + 4 * c);
        UNROLL for (int i = 0; i < rows; i++) {
            const float32x4_t value = first_of_pairs(vdupq_n_u32(word_at(values + (size_t)i * x->stride + 2 * k)));
            UNROLL for (int c = 0; c < VECTORS; c++) sums[i][c] = fused(value, first_of_pairs(weights[c]), sums[i][c]);
        }
        UNROLL for (int i = 0; i < rows; i++) {
            const float32x4_t value = second_of_pairs(vdupq_n_u32(word_at(values + (size_t)i * x->stride + 2 * k)));
            UNROLL for (int c = 0; c < VECTORS; c++) sums[i][c] = fused(value, second_of_pairs(weights[c]), sums[i][c]);
        }
    }
    finish_tile(rows, sums, row, column, w->outputs, tail);
}

/// Sums with their zero point taken out, scaled.
ATTUNE_INLINE float32x4_t scaled(
    int32x4_t sums, const attune_operand *x, size_t row, const attune_panels *w, size_t column) {
    const float32x4_t scale = vmulq_f32(vdupq_n_f32(x->scales[row]), vld1q_f32(w->scales + column));
    const int32x4_t without_zero = vmlsq_s32(sums, vdupq_n_s32(x->zeros[row]), vld1q_s32(w->sums + column));
    return vmulq_f32(vcvtq_f32_s32(without_zero), scale);
}

ATTUNE_INLINE void tile_int8(
    const int rows, const attune_operand *x, size_t row, const attune_panels *w, size_t column,
    const attune_tail *tail) {
    const size_t quads = (w->inputs + 3) / 4;
    const uint8_t *values = (const uint8_t *)x->values + row * x->stride;
    const uint32_t *panel = half_panel(w->panels, quads, column);
    int32x4_t sums[TILE_ROWS_INT8][VECTORS];
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int c = 0; c < VECTORS; c++) sums[i][c] = vdupq_n_s32(0);
    }
    for (size_t k = 0; k < quads; k++, panel += ATTUNE_PANEL) {
        // Of the four bytes of a lane: the first and third, the second and fourth, as 16 bits.
        int16x8_t even[TILE_ROWS_INT8], odd[TILE_ROWS_INT8];
        UNROLL for (int i = 0; i < rows; i++) {
            const uint32_t word = word_at(values + (size_t)i * x->stride + 4 * k);
            const uint16x8_t value = vreinterpretq_u16_u32(vdupq_n_u32(word));
            even[i] = vreinterpretq_s16_u16(vandq_u16(value, vdupq_n_u16(0xff)));
            odd[i] = vreinterpretq_s16_u16(vshrq_n_u16(value, 8));
        }
        UNROLL for (int c = 0; c < VECTORS; c++) {
            const int16x8_t weights = vreinterpretq_s16_u32(vld1q_u32(panel + 4 * c));
            const int16x8_t even_weights = vshrq_n_s16(vshlq_n_s16(weights, 8), 8);
            const int16x8_t odd_weights = vshrq_n_s16(weights, 8);
            UNROLL for (int i = 0; i < rows; i++) {
                sums[i][c] = vpadalq_s16(sums[i][c], vmulq_s16(even[i], even_weights));
                sums[i][c] = vpadalq_s16(sums[i][c], vmulq_s16(odd[i], odd_weights));
            }
        }
    }
    float32x4_t results[TILE_ROWS_INT8][VECTORS];
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int c = 0; c < VECTORS; c++) {
            results[i][c] = scaled(sums[i][c], x, row + (size_t)i, w, column + 4 * (size_t)c);
        }
    }
    finish_tile(rows, results, row, column, w->outputs, tail);
}

typedef void (*tile_function)(
    const attune_operand *x, size_t row, const attune_panels *w, size_t column, const attune_tail *tail);

#define TILE(type, n)                                                                                                  \
    static void tile_##type##_##n(                                                                                     \
        const attune_operand *x, size_t row, const attune_panels *w, size_t column, const attune_tail *tail) {         \
        tile_##type(n, x, row, w, column, tail);                                                                       \
    }
TILE(f32, 1) TILE(f32, 2) TILE(f32, 3) TILE(f32, 4) TILE(f32, 5) TILE(f32, 6)
TILE(bf16, 1) TILE(bf16, 2) TILE(bf16, 3) TILE(bf16, 4) TILE(bf16, 5)
TILE(int8, 1) TILE(int8, 2) TILE(int8, 3) TILE(int8, 4)

static const tile_function tiles_f32[] = {0, tile_f32_1, tile_f32_2, tile_f32_3, tile_f32_4, tile_f32_5, tile_f32_6};
static const tile_function tiles_bf16[] = {0, tile_bf16_1, tile_bf16_2, tile_bf16_3, tile_bf16_4, tile_bf16_5};
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

void attune_product_f32_neon(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    run(tiles_f32, TILE_ROWS, x, w, tail);
}

void attune_product_bf16_neon(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    run(tiles_bf16, TILE_ROWS_BF16, x, w, tail);
}

void attune_product_int8_neon(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    run(tiles_int8, TILE_ROWS_INT8, x, w, tail);
}
#endif
