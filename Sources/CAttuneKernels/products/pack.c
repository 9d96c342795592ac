// Weights in the layouts that the products read.
#include "../kernel_list.h"

#include <math.h>
#include <string.h>

/// How many inputs a step of the product takes: a word of them.
static size_t group(attune_precision precision) {
    return precision == attune_precision_f32 ? 1 : precision == attune_precision_bf16 ? 2 : 4;
}

static size_t words(attune_precision precision, size_t inputs) {
    return (inputs + group(precision) - 1) / group(precision);
}

size_t attune_packed_bytes(attune_precision precision, size_t inputs, size_t outputs) {
    return (outputs + ATTUNE_PANEL - 1) / ATTUNE_PANEL * ATTUNE_PANEL * words(precision, inputs) * 4;
}

size_t attune_pack_scratch(attune_precision precision, size_t inputs) {
    return ATTUNE_PANEL * words(precision, inputs) * 4 + 4 * inputs;
}

void attune_pack_f32(
    const float *weights, size_t output_stride, size_t input_stride, size_t inputs, size_t outputs, float *packed) {
    for (size_t column = 0; column < outputs; column += ATTUNE_PANEL) {
        const size_t width = outputs - column < ATTUNE_PANEL ? outputs - column : ATTUNE_PANEL;
        for (size_t k = 0; k < inputs; k++, packed += ATTUNE_PANEL) {
            const float *from = weights + column * output_stride + k * input_stride;
            if (output_stride == 1) {
                memcpy(packed, from, 4 * width);
            } else {
                for (size_t j = 0; j < width; j++) packed[j] = from[j * output_stride];
            }
            for (size_t j = width; j < ATTUNE_PANEL; j++) packed[j] = 0;
        }
    }
}

/// Rounds one output's weights to 8 bits: its scale, and the sum of the rounded weights.
static int32_t round_weights(const float *weights, size_t inputs, int8_t *rounded, float *scale) {
    float largest = 0;
    for (size_t k = 0; k < inputs; k++) {
        const float magnitude = fabsf(weights[k]);
        largest = magnitude > largest ? magnitude : largest;
    }
    *scale = largest > 0 ? largest / 127 : 1;
    const float factor = 1 / *scale;
    int32_t sum = 0;
    for (size_t k = 0; k < inputs; k++) {
        // Added, it leaves the nearest whole number in the lower bits: a loop without calls, which the compiler widens.
        const float value = weights[k] * factor + 0x1.8p23f;
        int32_t bits;
        memcpy(&bits, &value, sizeof bits);
        bits -= 0x4b400000;
        bits = bits > 127 ? 127 : bits < -127 ? -127 : bits;
        rounded[k] = (int8_t)bits;
        sum += bits;
    }
    return sum;
}

void attune_pack(
    const attune_kernels *kernels, attune_precision precision, const float *weights, size_t output_stride,
    size_t input_stride, size_t inputs, size_t outputs, void *packed, float *scales, int32_t *sums, void *scratch) {
    if (precision == attune_precision_f32 && input_stride != 1) {
        attune_pack_f32(weights, output_stride, input_stride, inputs, outputs, packed);
        return;
    }
    const size_t row_words = words(precision, inputs);
    uint32_t *rows = scratch, *target = packed;
    float *gathered = (float *)(rows + ATTUNE_PANEL * row_words);
    for (size_t column = 0; column < outputs; column += ATTUNE_PANEL, target += ATTUNE_PANEL * row_words) {
        const size_t width = outputs - column < ATTUNE_PANEL ? outputs - column : ATTUNE_PANEL;
        if (precision == attune_precision_f32) {
            kernels->pack_words(
                (const uint32_t *)(weights + column * output_stride), output_stride, width, row_words, target);
            continue;
        }
        memset(rows, 0, 4 * ATTUNE_PANEL * row_words);
        for (size_t j = 0; j < width; j++) {
            const float *row = weights + (column + j) * output_stride;
            if (input_stride != 1) {
                for (size_t k = 0; k < inputs; k++) gathered[k] = row[k * input_stride];
                row = gathered;
            }
            uint32_t *rounded = rows + j * row_words;
            if (precision == attune_precision_bf16) {
                kernels->float32_to_bfloat16(row, (uint16_t *)rounded, inputs);
            } else {
                sums[column + j] = round_weights(row, inputs, (int8_t *)rounded, scales + column + j);
            }
        }
        kernels->pack_words(rows, row_words, width, row_words, target);
        for (size_t j = width; precision == attune_precision_int8 && j < ATTUNE_PANEL; j++) {
            scales[column + j] = 1;
            sums[column + j] = 0;
        }
    }
}
