// Weights and activations in the layouts that the products read. Packing happens once; it is plain C.
#include "../kernel_list.h"

#include <math.h>

/// Outputs in whole panels.
static size_t whole_panels(size_t outputs) { return (outputs + ATTUNE_PANEL - 1) / ATTUNE_PANEL * ATTUNE_PANEL; }

/// How many inputs a step of the product takes.
static size_t group(attune_precision precision) {
    return precision == attune_precision_f32 ? 1 : precision == attune_precision_bf16 ? 2 : 4;
}

size_t attune_packed_bytes(attune_precision precision, size_t inputs, size_t outputs) {
    const size_t groups = (inputs + group(precision) - 1) / group(precision);
    return whole_panels(outputs) * groups * 4;
}

void attune_pack_f32(
    const float *weights, size_t output_stride, size_t input_stride, size_t inputs, size_t outputs, float *packed) {
    for (size_t column = 0; column < outputs; column += ATTUNE_PANEL) {
        const size_t width = outputs - column < ATTUNE_PANEL ? outputs - column : ATTUNE_PANEL;
        for (size_t k = 0; k < inputs; k++, packed += ATTUNE_PANEL) {
            for (size_t j = 0; j < width; j++) packed[j] = weights[(column + j) * output_stride + k * input_stride];
            for (size_t j = width; j < ATTUNE_PANEL; j++) packed[j] = 0;
        }
    }
}

void attune_pack_bf16(
    const float *weights, size_t output_stride, size_t input_stride, size_t inputs, size_t outputs, uint16_t *packed) {
    const size_t padded = (inputs + 1) / 2 * 2;
    for (size_t column = 0; column < outputs; column += ATTUNE_PANEL, packed += ATTUNE_PANEL * padded) {
        for (size_t j = 0; j < ATTUNE_PANEL; j++) {
            const float *row = weights + (column + j) * output_stride;
            for (size_t k = 0; k < padded; k++) {
                const float value = column + j < outputs && k < inputs ? row[k * input_stride] : 0;
                attune_float32_to_bfloat16_scalar(&value, packed + (k / 2 * ATTUNE_PANEL + j) * 2 + k % 2, 1);
            }
        }
    }
}

void attune_pack_int8(
    const float *weights, size_t output_stride, size_t input_stride, size_t inputs, size_t outputs, int8_t *packed,
    float *scales, int32_t *sums) {
    const size_t padded = (inputs + 3) / 4 * 4;
    for (size_t column = 0; column < outputs; column += ATTUNE_PANEL, packed += ATTUNE_PANEL * padded) {
        for (size_t j = 0; j < ATTUNE_PANEL; j++) {
            const int exists = column + j < outputs;
            const float *row = weights + (exists ? column + j : 0) * output_stride;
            float largest = 0;
            for (size_t k = 0; exists && k < inputs; k++) {
                const float magnitude = fabsf(row[k * input_stride]);
                if (magnitude > largest) largest = magnitude;
            }
            const float scale = largest > 0 ? largest / 127 : 1, factor = 1 / scale;
            int32_t sum = 0;
            for (size_t k = 0; k < padded; k++) {
                const float value = exists && k < inputs ? row[k * input_stride] * factor : 0;
                const int8_t rounded = (int8_t)(int32_t)rintf(fminf(127, fmaxf(-127, value)));
                packed[(k / 4 * ATTUNE_PANEL + j) * 4 + k % 4] = rounded;
                sum += rounded;
            }
            scales[column + j] = scale;
            sums[column + j] = sum;
        }
    }
}
