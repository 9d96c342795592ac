// Products with packed weights, plain C: the specification that the other levels are tested against.
// Numeric policy: each output is one sum over the inputs in their order, a multiplication and an addition rounded apart;
// in 8 bits the sum is exact, then scaled. The low-rank term continues the sum.
#include "../kernel_list.h"
#include "../math/constants.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

static float widened(uint16_t value) {
    const uint32_t bits = (uint32_t)value << 16;
    float result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}

static float short_gelu(float v) {
    const float x = fmaxf(-SHORT_GELU_LIMIT, fminf(SHORT_GELU_LIMIT, v)), square = x * x;
    float p = SHORT_GELU_6 * square + SHORT_GELU_5;
    p = p * square + SHORT_GELU_4;
    p = p * square + SHORT_GELU_3;
    p = p * square + SHORT_GELU_2;
    p = p * square + SHORT_GELU_1;
    p = p * square + SHORT_GELU_0;
    return v * (p * x + 0.5f);
}

/// Continues the sums of a row and a panel with the low-rank term, and finishes them.
static void finish(float *sums, size_t row, size_t column, size_t outputs, const attune_tail *tail) {
    for (size_t k = 0; tail->low && k < tail->rank; k++) {
        const float value = tail->low[row * tail->low_stride + k];
        const float *panel = tail->low_panels + column * tail->rank + k * ATTUNE_PANEL;
        for (size_t j = 0; j < ATTUNE_PANEL; j++) sums[j] += value * panel[j];
    }
    for (size_t j = 0; j < ATTUNE_PANEL && column + j < outputs; j++) {
        float v = sums[j];
        if (tail->row_factors) v *= tail->row_factors[row];
        if (tail->bias) v += tail->bias[column + j];
        if (tail->residual) v += tail->residual[row * tail->residual_stride + column + j];
        if (tail->activation == attune_activation_gelu_erf) attune_gelu_erf_f32_scalar(&v, &v, 1);
        if (tail->activation == attune_activation_gelu_tanh) attune_gelu_tanh_f32_scalar(&v, &v, 1);
        if (tail->activation == attune_activation_gelu_short) v = short_gelu(v);
        const size_t place = row * tail->y_stride + column + j;
        if (tail->narrow) {
            attune_float32_to_bfloat16_scalar(&v, (uint16_t *)tail->y + place, 1);
        } else {
            ((float *)tail->y)[place] = v;
        }
    }
}

void attune_product_f32_scalar(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    for (size_t row = 0; row < x->rows; row++) {
        const float *values = (const float *)x->values + row * x->stride;
        for (size_t column = 0; column < w->outputs; column += ATTUNE_PANEL) {
            const float *panel = (const float *)w->panels + column * w->inputs;
            float sums[ATTUNE_PANEL] = {0};
            for (size_t k = 0; k < w->inputs; k++) {
                for (size_t j = 0; j < ATTUNE_PANEL; j++) sums[j] += values[k] * panel[k * ATTUNE_PANEL + j];
            }
            finish(sums, row, column, w->outputs, tail);
        }
    }
}

void attune_product_bf16_scalar(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    const size_t padded = (w->inputs + 1) / 2 * 2;
    for (size_t row = 0; row < x->rows; row++) {
        const uint16_t *values = (const uint16_t *)x->values + row * x->stride;
        for (size_t column = 0; column < w->outputs; column += ATTUNE_PANEL) {
            const uint16_t *panel = (const uint16_t *)w->panels + column * padded;
            float sums[ATTUNE_PANEL] = {0};
            for (size_t k = 0; k < padded; k++) {
                for (size_t j = 0; j < ATTUNE_PANEL; j++) {
                    sums[j] += widened(values[k]) * widened(panel[(k / 2 * ATTUNE_PANEL + j) * 2 + k % 2]);
                }
            }
            finish(sums, row, column, w->outputs, tail);
        }
    }
}

void attune_product_int8_scalar(const attune_operand *x, const attune_panels *w, const attune_tail *tail) {
    const size_t padded = (w->inputs + 3) / 4 * 4;
    for (size_t row = 0; row < x->rows; row++) {
        const uint8_t *values = (const uint8_t *)x->values + row * x->stride;
        for (size_t column = 0; column < w->outputs; column += ATTUNE_PANEL) {
            const int8_t *panel = (const int8_t *)w->panels + column * padded;
            int32_t sums[ATTUNE_PANEL] = {0};
            for (size_t k = 0; k < padded; k++) {
                for (size_t j = 0; j < ATTUNE_PANEL; j++) {
                    sums[j] += (int32_t)values[k] * panel[(k / 4 * ATTUNE_PANEL + j) * 4 + k % 4];
                }
            }
            float scaled[ATTUNE_PANEL];
            for (size_t j = 0; j < ATTUNE_PANEL; j++) {
                const int32_t sum = sums[j] - x->zeros[row] * w->sums[column + j];
                scaled[j] = (float)sum * (x->scales[row] * w->scales[column + j]);
            }
            finish(scaled, row, column, w->outputs, tail);
        }
    }
}
