// The way back through attention of one text and head. Scores are computed again, a block of queries at a time: of the
// forward pass nothing is kept but queries, keys and values.
//
// For P = softmax(scale · Q · Kᵀ) and O = P · V:
//     dV = Pᵀ · dO,  dP = dO · Vᵀ,  dS = scale · P ∘ (dP - rowsum(P ∘ dP)),  dQ = dS · K,  dK = dSᵀ · Q.
// dK and dV are summed in their transposed form, [width, count], block after block of queries in order: then P and dS are
// packed as they lie, and only the narrow sides dO and Q are transposed.
#include "attention.h"

/// Queries of a block: one panel of transposed rows.
enum { QUERY_BLOCK = ATTUNE_PANEL };

size_t attune_attention_backward_scratch(size_t count, size_t width) {
    const size_t keys = attune_rounded(count, ATTUNE_PANEL), columns = attune_rounded(width, ATTUNE_PANEL);
    return 2 * attune_operand_bytes(width, count) + attune_operand_bytes(count, width)
        + attune_operand_bytes(QUERY_BLOCK, count) + 2 * QUERY_BLOCK * (4 + 2) * keys + 3 * 4 * columns * QUERY_BLOCK
        + 2 * 4 * columns * keys + 4 * columns * keys + 12 * 64;
}

typedef struct workspace {
    void *key_rows, *value_rows, *key_columns, *block_panels;
    float *scores, *score_gradients;
    uint16_t *narrow_scores, *narrow_gradients;
    float *wide;               // [QUERY_BLOCK, width] in float32
    float *transposed;         // [width, QUERY_BLOCK] in float32
    void *operand;             // the same as products read it
    float *key_sums, *value_sums;  // [width, keys]
    float *rows;               // [keys, width] in panels
    size_t keys;
} workspace;

static workspace workspace_in(char *end, size_t count, size_t width) {
    const size_t keys = attune_rounded(count, ATTUNE_PANEL), columns = attune_rounded(width, ATTUNE_PANEL);
    workspace space = {.keys = keys};
    space.key_rows = attune_take(&end, attune_operand_bytes(width, count));
    space.value_rows = attune_take(&end, attune_operand_bytes(width, count));
    space.key_columns = attune_take(&end, attune_operand_bytes(count, width));
    space.block_panels = attune_take(&end, attune_operand_bytes(QUERY_BLOCK, count));
    space.scores = attune_take(&end, 4 * QUERY_BLOCK * keys);
    space.score_gradients = attune_take(&end, 4 * QUERY_BLOCK * keys);
    space.narrow_scores = attune_take(&end, 2 * QUERY_BLOCK * keys);
    space.narrow_gradients = attune_take(&end, 2 * QUERY_BLOCK * keys);
    space.wide = attune_take(&end, 4 * columns * QUERY_BLOCK);
    space.transposed = attune_take(&end, 4 * columns * QUERY_BLOCK);
    space.operand = attune_take(&end, 4 * columns * QUERY_BLOCK);
    space.key_sums = attune_take(&end, 4 * columns * keys);
    space.value_sums = attune_take(&end, 4 * columns * keys);
    space.rows = attune_take(&end, 4 * columns * keys);
    return space;
}

/// sums [width, keys] += xᵀ · y, for a block of rows x [rows, width] and y [rows, count].
static void add_transposed(
    const attune_kernels *kernels, int narrow, const void *x, size_t stride, size_t rows, size_t width, const void *y,
    size_t count, const workspace *space, int is_first, float *sums) {
    const uint32_t *words = x;
    if (narrow) {
        for (size_t i = 0; i < rows; i++) {
            kernels->bfloat16_to_float32((const uint16_t *)x + i * stride, space->wide + i * width, width);
        }
        words = (const uint32_t *)space->wide;
        stride = width;
    }
    // Rows that a last block lacks come out as zeros.
    kernels->pack_words(words, stride, rows, width, (uint32_t *)space->transposed);
    const void *transposed = space->transposed;
    if (narrow) {
        kernels->float32_to_bfloat16(space->transposed, space->operand, width * QUERY_BLOCK);
        transposed = space->operand;
    }
    attune_pack_columns(kernels, narrow, y, space->keys, rows, count, space->block_panels);
    const attune_operand operand = {.values = transposed, .stride = QUERY_BLOCK, .rows = width};
    const attune_panels panels = {.panels = space->block_panels, .inputs = rows, .outputs = count};
    const attune_tail tail = {
        .y = sums, .y_stride = space->keys, .residual = is_first ? 0 : sums, .residual_stride = space->keys};
    attune_product(kernels, narrow, &operand, &panels, &tail);
}

/// out [count, width] = sumsᵀ.
static void store_transposed(
    const attune_kernels *kernels, int narrow, const float *sums, size_t count, size_t width, const workspace *space,
    void *out, size_t stride) {
    kernels->pack_words((const uint32_t *)sums, space->keys, width, count, (uint32_t *)space->rows);
    for (size_t first = 0; first < width; first += ATTUNE_PANEL) {
        const float *panel = space->rows + first * count;
        const size_t columns = width - first < ATTUNE_PANEL ? width - first : ATTUNE_PANEL;
        for (size_t i = 0; i < count; i++) {
            if (narrow) {
                kernels->float32_to_bfloat16(panel + i * ATTUNE_PANEL, (uint16_t *)out + i * stride + first, columns);
            } else {
                __builtin_memcpy((float *)out + i * stride + first, panel + i * ATTUNE_PANEL, 4 * columns);
            }
        }
    }
}

void attune_attention_backward(
    const attune_kernels *kernels, const attune_attention_backward_task *task, void *scratch) {
    const int narrow = task->narrow;
    const size_t count = task->count, width = task->width, size = narrow ? 2 : 4;
    const workspace space = workspace_in(scratch, count, width);
    const size_t keys = space.keys;
    attune_pack_rows(kernels, narrow, task->key, task->stride, count, width, space.key_rows);
    attune_pack_rows(kernels, narrow, task->value, task->stride, count, width, space.value_rows);
    attune_pack_columns(kernels, narrow, task->key, task->stride, count, width, space.key_columns);
    const attune_panels key_rows = {.panels = space.key_rows, .inputs = width, .outputs = count};
    const attune_panels value_rows = {.panels = space.value_rows, .inputs = width, .outputs = count};
    const attune_panels key_columns = {.panels = space.key_columns, .inputs = count, .outputs = width};
    for (size_t first = 0; first < count; first += QUERY_BLOCK) {
        const size_t rows = count - first < QUERY_BLOCK ? count - first : QUERY_BLOCK;
        const attune_operand query = {
            .values = (const char *)task->query + first * task->stride * size, .stride = task->stride, .rows = rows};
        const attune_operand out_gradient = {
            .values = (const char *)task->out_gradient + first * task->out_gradient_stride * size,
            .stride = task->out_gradient_stride, .rows = rows};
        const attune_tail score_tail = {.y = space.scores, .y_stride = keys};
        const attune_tail gradient_tail = {.y = space.score_gradients, .y_stride = keys};
        attune_product(kernels, narrow, &query, &key_rows, &score_tail);
        attune_product(kernels, narrow, &out_gradient, &value_rows, &gradient_tail);
        for (size_t i = 0; i < rows; i++) {
            float *p = space.scores + i * keys, *gradient = space.score_gradients + i * keys;
            kernels->softmax(p, count, task->scale);
            kernels->softmax_backward(gradient, p, gradient, count, task->scale);
            if (narrow) {
                kernels->float32_to_bfloat16(p, space.narrow_scores + i * keys, count);
                kernels->float32_to_bfloat16(gradient, space.narrow_gradients + i * keys, count);
                // The second of the last pair of keys, where there is no such key.
                if (count % 2 != 0) space.narrow_gradients[i * keys + count] = 0;
            }
        }
        const void *p = narrow ? (const void *)space.narrow_scores : space.scores;
        const void *gradients = narrow ? (const void *)space.narrow_gradients : space.score_gradients;
        const attune_operand gradient_rows = {.values = gradients, .stride = keys, .rows = rows};
        const attune_tail query_tail = {
            .y = (char *)task->query_gradient + first * task->gradient_stride * size,
            .y_stride = task->gradient_stride, .narrow = narrow};
        attune_product(kernels, narrow, &gradient_rows, &key_columns, &query_tail);
        add_transposed(
            kernels, narrow, out_gradient.values, task->out_gradient_stride, rows, width, p, count, &space, first == 0,
            space.value_sums);
        add_transposed(
            kernels, narrow, query.values, task->stride, rows, width, gradients, count, &space, first == 0,
            space.key_sums);
    }
    store_transposed(
        kernels, narrow, space.key_sums, count, width, &space, task->key_gradient, task->gradient_stride);
    store_transposed(
        kernels, narrow, space.value_sums, count, width, &space, task->value_gradient, task->gradient_stride);
}
