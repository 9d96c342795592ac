// What the AVX-512 products share: the low-rank term, and what follows a product while its sums are near.
#ifndef ATTUNE_PRODUCTS_TAIL_AVX512_H
#define ATTUNE_PRODUCTS_TAIL_AVX512_H

#include "../math/avx512.h"

#if ATTUNE_X86

#define UNROLL _Pragma("clang loop unroll(full)")

/// Rows of a tile: with two vectors a row, 24 accumulators, enough independent chains to hide an instruction's latency.
enum { TILE_ROWS = 12 };

INLINE512 __mmask16 columns_mask(size_t columns) {
    return columns >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << columns) - 1);
}

#ifndef NARROW_512
/// The nearest bf16, ties to even, NaN stays NaN.
INLINE512 __m256i narrow512(__m512 v) {
    const __m512i bits = _mm512_castps_si512(v), upper = _mm512_srli_epi32(bits, 16);
    const __m512i even = _mm512_and_si512(upper, _mm512_set1_epi32(1));
    __m512i result = _mm512_add_epi32(bits, _mm512_add_epi32(even, _mm512_set1_epi32(0x7fff)));
    result = _mm512_srli_epi32(result, 16);
    result = _mm512_mask_or_epi32(result, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), upper, _mm512_set1_epi32(0x40));
    return _mm512_cvtepi32_epi16(result);
}
#define NARROW_512 narrow512
#endif

#ifndef TILE_TARGET
#define TILE_TARGET ATTUNE_AVX512
#endif

/// Continues the chains of a tile with the low-rank term: one step for each of its ranks, in float32.
INLINE512 void add_low_rank(
    const int rows, __m512 *left, __m512 *right, const attune_tail *tail, size_t row, size_t column) {
    const float *low = tail->low + row * tail->low_stride;
    const float *panel = tail->low_panels + column * tail->rank;
    for (size_t k = 0; k < tail->rank; k++, panel += ATTUNE_PANEL) {
        const __m512 w0 = _mm512_load_ps(panel), w1 = _mm512_load_ps(panel + 16);
        UNROLL for (int i = 0; i < rows; i++) {
            const __m512 value = _mm512_set1_ps(low[(size_t)i * tail->low_stride + k]);
            left[i] = _mm512_fmadd_ps(value, w0, left[i]);
            right[i] = _mm512_fmadd_ps(value, w1, right[i]);
        }
    }
}

/// Adds bias and residual to one vector of sums, applies the activation, and stores it.
ATTUNE_INLINE TILE_TARGET void finish512(
    __m512 v, __m512 bias, size_t row, size_t column, __mmask16 mask, const attune_tail *tail) {
    if (tail->row_factors) v = _mm512_mul_ps(v, _mm512_set1_ps(tail->row_factors[row]));
    v = _mm512_add_ps(v, bias);
    if (tail->residual) v = _mm512_add_ps(v, load512(tail->residual + row * tail->residual_stride + column, mask));
    if (tail->activation == attune_activation_gelu_erf) v = _mm512_mul_ps(v, normal_distribution512(v));
    if (tail->activation == attune_activation_gelu_tanh) v = gelu_tanh512(v);
    if (tail->activation == attune_activation_gelu_short) v = short_gelu512(v);
    const size_t place = row * tail->y_stride + column;
    if (tail->narrow) {
        _mm256_mask_storeu_epi16((uint16_t *)tail->y + place, mask, NARROW_512(v));
    } else {
        store512((float *)tail->y + place, mask, v);
    }
}

/// Finishes the sums of a tile. They pass through memory, so that there is one copy of this code and not one a tile.
TILE_TARGET static __attribute__((noinline)) void finish_rows(
    const __m512 (*sums)[2], size_t rows, size_t row, size_t column, size_t outputs, const attune_tail *tail) {
    const size_t width = outputs - column;
    const __mmask16 low = columns_mask(width), high = width > 16 ? columns_mask(width - 16) : 0;
    const __m512 b0 = tail->bias ? load512(tail->bias + column, low) : _mm512_setzero_ps();
    const __m512 b1 = tail->bias ? load512(tail->bias + column + 16, high) : _mm512_setzero_ps();
    for (size_t i = 0; i < rows; i++) {
        finish512(sums[i][0], b0, row + i, column, low, tail);
        finish512(sums[i][1], b1, row + i, column + 16, high, tail);
    }
}

/// Whether sums are stored as they are.
static inline int is_plain(const attune_tail *tail) {
    return !tail->bias && !tail->residual && !tail->row_factors && !tail->narrow
        && tail->activation == attune_activation_none;
}

ATTUNE_INLINE TILE_TARGET void finish_tile(
    const int rows, const __m512 *left, const __m512 *right, size_t row, size_t column, size_t outputs,
    const attune_tail *tail) {
    if (is_plain(tail)) {
        const size_t width = outputs - column;
        const __mmask16 low = columns_mask(width), high = width > 16 ? columns_mask(width - 16) : 0;
        float *y = (float *)tail->y + row * tail->y_stride + column;
        UNROLL for (int i = 0; i < rows; i++, y += tail->y_stride) {
            store512(y, low, left[i]);
            store512(y + 16, high, right[i]);
        }
        return;
    }
    __m512 sums[TILE_ROWS][2];
    UNROLL for (int i = 0; i < rows; i++) {
        sums[i][0] = left[i];
        sums[i][1] = right[i];
    }
    finish_rows(sums, (size_t)rows, row, column, outputs, tail);
}

/// Asks for the lines that a tile will write, which come while it sums; not where the sums take no longer than that.
ATTUNE_INLINE TILE_TARGET void fetch_target(
    const int rows, size_t row, size_t column, size_t steps, const attune_tail *tail) {
    if (steps < 32) return;
    const size_t size = tail->narrow ? 2 : 4, stride = tail->y_stride * size;
    const char *y = (const char *)tail->y + row * stride + column * size;
    UNROLL for (int i = 0; i < rows; i++, y += stride) {
        __builtin_prefetch(y, 1, 3);
        if (!tail->narrow) __builtin_prefetch(y + 64, 1, 3);
    }
}

/// A tile's share of the panel that comes next: every step of the product asks the level-2 cache for `step` bytes of it.
typedef struct next_panel {
    const char *address;
    size_t step;
} next_panel;

typedef void (*tile_function)(
    const attune_operand *x, size_t row, const attune_panels *w, size_t column, const attune_tail *tail,
    next_panel next);

#define DEFINE_TILE(n)                                                                                                 \
    TILE_TARGET static void tile_##n(                                                                                  \
        const attune_operand *x, size_t row, const attune_panels *w, size_t column, const attune_tail *tail,           \
        next_panel next) {                                                                                             \
        tile(n, x, row, w, column, tail, next);                                                                        \
    }

/// The functions of a file's `tile` for every number of rows, and their table.
#define DEFINE_TILES                                                                                                   \
    DEFINE_TILE(1)                                                                                                     \
    DEFINE_TILE(2)                                                                                                     \
    DEFINE_TILE(3)                                                                                                     \
    DEFINE_TILE(4)                                                                                                     \
    DEFINE_TILE(5)                                                                                                     \
    DEFINE_TILE(6)                                                                                                     \
    DEFINE_TILE(7)                                                                                                     \
    DEFINE_TILE(8)                                                                                                     \
    DEFINE_TILE(9)                                                                                                     \
    DEFINE_TILE(10)                                                                                                    \
    DEFINE_TILE(11)                                                                                                    \
    DEFINE_TILE(12)                                                                                                    \
    static const tile_function tiles[] = {0,      tile_1, tile_2, tile_3,  tile_4,  tile_5, tile_6,                    \
                                          tile_7, tile_8, tile_9, tile_10, tile_11, tile_12};

/// Bytes of a panel that a step of a tile reads.
enum { STEP_BYTES = 4 * ATTUNE_PANEL };

/// Runs a table of tiles over blocks of rows, panel after panel: the rows of a block stay in the level-2 cache, a panel
/// and the rows of a tile in the level-1 cache. Weights come from further away once a block: the tiles of a panel fetch
/// the next one, of `steps` steps, together.
#define RUN_TILES(tiles, steps)                                                                                        \
    const size_t panel_bytes = (steps) * STEP_BYTES;                                                                   \
    for (size_t first = 0; first < x->rows; first += ATTUNE_PRODUCT_BLOCK) {                                           \
        const size_t last = first + ATTUNE_PRODUCT_BLOCK < x->rows ? first + ATTUNE_PRODUCT_BLOCK : x->rows;           \
        const size_t share = STEP_BYTES / ((last - first + TILE_ROWS - 1) / TILE_ROWS);                                \
        for (size_t column = 0; column < w->outputs; column += ATTUNE_PANEL) {                                         \
            next_panel next = {(const char *)w->panels + (column / ATTUNE_PANEL + 1) * panel_bytes, share};            \
            for (size_t row = first; row < last; row += TILE_ROWS, next.address += (steps) * share) {                  \
                const size_t count = last - row < TILE_ROWS ? last - row : TILE_ROWS;                                  \
                tiles[count](x, row, w, column, tail, next);                                                           \
            }                                                                                                          \
        }                                                                                                              \
    }

#endif
#endif
