// Products with packed weights, plain C: the specification that the other levels are tested against.
// Numeric policy: each output is one sum over the inputs in their order, a multiplication and an addition rounded apart.
#include "../kernel_list.h"

#pragma STDC FP_CONTRACT OFF

size_t attune_packed_count(size_t inputs, size_t outputs) {
    return (outputs + ATTUNE_PANEL - 1) / ATTUNE_PANEL * ATTUNE_PANEL * inputs;
}

void attune_pack_f32(const float *weights, size_t output_stride, size_t input_stride, size_t inputs, size_t outputs,
                     float *packed) {
    for (size_t column = 0; column < outputs; column += ATTUNE_PANEL) {
        const size_t width = outputs - column < ATTUNE_PANEL ? outputs - column : ATTUNE_PANEL;
        for (size_t k = 0; k < inputs; k++, packed += ATTUNE_PANEL) {
            for (size_t j = 0; j < width; j++) packed[j] = weights[(column + j) * output_stride + k * input_stride];
            for (size_t j = width; j < ATTUNE_PANEL; j++) packed[j] = 0;
        }
    }
}

void attune_product_f32_scalar(const float *x, size_t x_stride, size_t rows, const float *packed, size_t inputs,
                               size_t outputs, const float *bias, float *y, size_t y_stride, int accumulate) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < outputs; column += ATTUNE_PANEL) {
            const size_t width = outputs - column < ATTUNE_PANEL ? outputs - column : ATTUNE_PANEL;
            const float *panel = packed + column * inputs;
            float sums[ATTUNE_PANEL] = {0};
            for (size_t k = 0; k < inputs; k++) {
                const float value = x[row * x_stride + k];
                for (size_t j = 0; j < ATTUNE_PANEL; j++) sums[j] += value * panel[k * ATTUNE_PANEL + j];
            }
            float *out = y + row * y_stride + column;
            for (size_t j = 0; j < width; j++) {
                const float value = sums[j] + (bias ? bias[column + j] : 0);
                out[j] = accumulate ? out[j] + value : value;
            }
        }
    }
}
