// Sums of outer products, out += lowᵀ · x: the gradients of an adapter's matrices. Blocks of rows of x are packed as
// weights while they are in the cache; the low side is transposed by packing it as words.
#include "../attention/attention.h"

/// Rows of x that are packed at once.
enum { ROW_BLOCK = 4 * ATTUNE_PANEL };

size_t attune_add_outer_scratch(size_t rank, size_t columns) {
    return attune_operand_bytes(ROW_BLOCK, columns) + 2 * 4 * ROW_BLOCK * rank + 4 * 64;
}

/// low [rows, rank] → its transpose [rank, ROW_BLOCK] as products read it, zeros behind the last row.
static void transpose(
    const attune_kernels *kernels, int narrow, const float *low, size_t stride, size_t rows, size_t rank,
    uint32_t *packed, void *operand) {
    kernels->pack_words((const uint32_t *)low, stride, rows, rank, packed);
    for (size_t first = 0; first < rows; first += ATTUNE_PANEL) {
        const float *panel = (const float *)packed + first * rank;
        for (size_t k = 0; k < rank; k++) {
            const size_t place = k * ROW_BLOCK + first;
            if (narrow) {
                kernels->float32_to_bfloat16(panel + k * ATTUNE_PANEL, (uint16_t *)operand + place, ATTUNE_PANEL);
            } else {
                __builtin_memcpy((float *)operand + place, panel + k * ATTUNE_PANEL, 4 * ATTUNE_PANEL);
            }
        }
    }
}

void attune_add_outer(
    const attune_kernels *kernels, int narrow, const float *low, size_t low_stride, size_t rank, const void *x,
    size_t x_stride, size_t rows, size_t columns, float *out, size_t out_stride, void *scratch) {
    char *end = scratch;
    void *panels = attune_take(&end, attune_operand_bytes(ROW_BLOCK, columns));
    uint32_t *packed = attune_take(&end, 4 * ROW_BLOCK * rank);
    void *operand = attune_take(&end, 4 * ROW_BLOCK * rank);
    const attune_tail tail = {.y = out, .y_stride = out_stride, .residual = out, .residual_stride = out_stride};
    for (size_t first = 0; first < rows; first += ROW_BLOCK) {
        const size_t count = rows - first < ROW_BLOCK ? rows - first : ROW_BLOCK;
        transpose(kernels, narrow, low + first * low_stride, low_stride, count, rank, packed, operand);
        const char *block = (const char *)x + first * x_stride * (narrow ? 2 : 4);
        attune_pack_columns(kernels, narrow, block, x_stride, count, columns, panels);
        const attune_operand left = {.values = operand, .stride = ROW_BLOCK, .rows = rank};
        const attune_panels right = {.panels = panels, .inputs = count, .outputs = columns};
        attune_product(kernels, narrow, &left, &right, &tail);
    }
}

void attune_add_transposed(
    const float *x, size_t stride, size_t rows, size_t columns, float factor, float *y, size_t y_stride) {
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 0; i < rows; i++) y[j * y_stride + i] += factor * x[i * stride + j];
    }
}
