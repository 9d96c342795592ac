// Optimiser steps in plain C: the specification of the other instruction sets.
//
// Numeric policy: float32, the operations and their order those of torch.optim.AdamW, no contraction.
#include "../kernel_list.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

void attune_adamw_f32_scalar(
    float *parameters, const float *gradients, float *first_moment, float *second_moment, size_t n,
    const attune_adamw *setting) {
    const attune_adamw s = *setting;
    for (size_t i = 0; i < n; i++) {
        float g = gradients[i] * s.gradient_scale;
        float m = first_moment[i] + s.beta1_complement * (g - first_moment[i]);
        float v = second_moment[i] * s.beta2 + s.beta2_complement * (g * g);
        first_moment[i] = m;
        second_moment[i] = v;
        parameters[i] = parameters[i] * s.decay - s.step_size * (m / (sqrtf(v) / s.correction + s.epsilon));
    }
}
