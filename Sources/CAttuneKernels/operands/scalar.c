// What products read, made from what other kernels wrote, in plain C: the specification of the other levels.
// Numeric policy: quantize divides by multiplying with the reciprocal of the scale, rounds to nearest with ties to even,
// and saturates; the other functions move bits.
#include "../kernel_list.h"
#include "quantization.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

void attune_quantize_scalar(const float *x, size_t n, uint8_t *y, float *scale, int32_t *zero) {
    float lowest = 0, highest = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i] < lowest) lowest = x[i];
        if (x[i] > highest) highest = x[i];
    }
    const attune_quantization q = attune_quantization_of(lowest, highest);
    for (size_t i = 0; i < n; i++) {
        const float v = rintf(x[i] * q.reciprocal) + (float)q.zero;
        y[i] = v > 0 ? (v < 255 ? (uint8_t)v : 255) : 0;
    }
    *scale = q.scale;
    *zero = q.zero;
}

void attune_pack_words_scalar(const uint32_t *x, size_t stride, size_t rows, size_t words, uint32_t *packed) {
    for (size_t first = 0; first < rows; first += ATTUNE_PANEL, packed += ATTUNE_PANEL * words) {
        for (size_t j = 0; j < ATTUNE_PANEL; j++) {
            const uint32_t *row = x + (first + j) * stride;
            for (size_t k = 0; k < words; k++) packed[k * ATTUNE_PANEL + j] = first + j < rows ? row[k] : 0;
        }
    }
}

void attune_pack_pairs_scalar(const uint16_t *x, size_t stride, size_t rows, size_t columns, uint16_t *packed) {
    for (size_t first = 0; first < columns; first += ATTUNE_PANEL) {
        for (size_t row = 0; row < rows; row += 2, packed += 2 * ATTUNE_PANEL) {
            for (size_t j = 0; j < ATTUNE_PANEL; j++) {
                const int exists = first + j < columns;
                packed[2 * j] = exists ? x[row * stride + first + j] : 0;
                packed[2 * j + 1] = exists && row + 1 < rows ? x[(row + 1) * stride + first + j] : 0;
            }
        }
    }
}
