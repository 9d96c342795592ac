// What attention's two directions share: buffers cut from scratch, and keys and values as products read them.
#ifndef ATTUNE_ATTENTION_H
#define ATTUNE_ATTENTION_H

#include "../include/attune_kernels.h"

static inline size_t attune_rounded(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/// Where a buffer of so many bytes begins, on a line of the cache; moves the end.
static inline void *attune_take(char **end, size_t bytes) {
    char *start = *end;
    *end = start + attune_rounded(bytes, 64);
    return start;
}

/// The bytes that rows packed as weights take: `rows` outputs of `width` inputs, or the other way round, in any precision.
static inline size_t attune_operand_bytes(size_t inputs, size_t outputs) {
    return 4 * attune_rounded(inputs, 2) * attune_rounded(outputs, ATTUNE_PANEL);
}

/// Packs rows [rows, width] as the weights of x · rowsᵀ.
static inline void attune_pack_rows(
    const attune_kernels *kernels, int narrow, const void *x, size_t stride, size_t rows, size_t width, void *packed) {
    if (narrow) {
        kernels->pack_words(x, stride / 2, rows, width / 2, packed);
    } else {
        kernels->pack_words(x, stride, rows, width, packed);
    }
}

/// Packs rows [rows, width] as the weights of x · rows.
static inline void attune_pack_columns(
    const attune_kernels *kernels, int narrow, const void *x, size_t stride, size_t rows, size_t width, void *packed) {
    if (narrow) {
        kernels->pack_pairs(x, stride, rows, width, packed);
    } else {
        attune_pack_f32(x, 1, stride, rows, width, packed);
    }
}

static inline void attune_product(
    const attune_kernels *kernels, int narrow, const attune_operand *x, const attune_panels *w,
    const attune_tail *tail) {
    if (narrow) {
        kernels->product_bf16(x, w, tail);
    } else {
        kernels->product_f32(x, w, tail);
    }
}

#endif
