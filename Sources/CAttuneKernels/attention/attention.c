// Attention of one text and head by the products of an instruction set: keys become the packed weights of the scores,
// values those of the result. Queries go through in blocks, so that no matrix of all scores is ever in memory.
#include "attention.h"
#include "../kernel_list.h"

/// Queries of a block: as many rows as a tile of the widest products.
enum { QUERY_BLOCK = 12 };

size_t attune_attention_scratch(size_t count, size_t width) {
    const size_t keys = attune_rounded(count, ATTUNE_PANEL);
    const size_t packed = attune_operand_bytes(width, count) + attune_operand_bytes(count, width);
    return packed + QUERY_BLOCK * (4 + 2) * keys + 5 * 64;
}

void attune_attention(const attune_kernels *kernels, const attune_attention_task *task, void *scratch) {
    const size_t count = task->count, width = task->width, keys = attune_rounded(count, ATTUNE_PANEL);
    char *end = scratch;
    void *key_panels = attune_take(&end, attune_operand_bytes(width, count));
    void *value_panels = attune_take(&end, attune_operand_bytes(count, width));
    float *scores = attune_take(&end, 4 * QUERY_BLOCK * keys);
    uint16_t *narrow_scores = attune_take(&end, 2 * QUERY_BLOCK * keys);
    float factors[QUERY_BLOCK];
    attune_pack_rows(kernels, task->narrow, task->key, task->stride, count, width, key_panels);
    attune_pack_columns(kernels, task->narrow, task->value, task->stride, count, width, value_panels);
    const attune_panels key = {.panels = key_panels, .inputs = width, .outputs = count};
    const attune_panels value = {.panels = value_panels, .inputs = count, .outputs = width};
    for (size_t first = 0; first < count; first += QUERY_BLOCK) {
        const size_t rows = count - first < QUERY_BLOCK ? count - first : QUERY_BLOCK;
        const size_t size = task->narrow ? 2 : 4;
        const attune_operand query = {
            .values = (const char *)task->query + first * task->stride * size, .stride = task->stride, .rows = rows};
        const attune_tail score_tail = {.y = scores, .y_stride = keys};
        attune_operand probabilities = {.values = scores, .stride = keys, .rows = rows};
        const attune_tail tail = {
            .row_factors = task->narrow ? factors : 0,
            .y = (char *)task->out + first * task->out_stride * (task->narrow_out ? 2 : 4),
            .y_stride = task->out_stride, .narrow = task->narrow_out};
        if (task->narrow) {
            kernels->product_bf16(&query, &key, &score_tail);
            for (size_t i = 0; i < rows; i++) {
                factors[i] = kernels->exponentials_bf16(
                    scores + i * keys, count, task->scale, narrow_scores + i * keys);
                // The second of the last pair of keys, where there is no such key.
                if (count % 2 != 0) narrow_scores[i * keys + count] = 0;
            }
            probabilities.values = narrow_scores;
            kernels->product_bf16(&probabilities, &value, &tail);
        } else {
            kernels->product_f32(&query, &key, &score_tail);
            for (size_t i = 0; i < rows; i++) kernels->softmax(scores + i * keys, count, task->scale);
            kernels->product_f32(&probabilities, &value, &tail);
        }
    }
}
