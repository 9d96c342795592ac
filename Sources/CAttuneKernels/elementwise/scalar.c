// Element by element in plain C: the specification of the other instruction sets.
//
// Numeric policy: float32 throughout, exp and erfc of the C library (below 1 ULP), no contraction.
#include "../kernel_list.h"
#include "../math/constants.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

void attune_axpy_f32_scalar(float alpha, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += alpha * x[i];
}

void attune_scale_f32_scalar(float alpha, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] *= alpha;
}

void attune_multiply_f32_scalar(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] *= x[i];
}

void attune_exponential_f32_scalar(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = expf(x[i]);
}

void attune_gelu_erf_f32_scalar(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] * (0.5f * erfcf(-x[i] * SQRT_HALF));
}

void attune_gelu_erf_backward_f32_scalar(const float *dy, const float *x, float *dx, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float v = x[i];
        float distribution = 0.5f * erfcf(-v * SQRT_HALF);
        float density = expf(-0.5f * v * v) * RECIPROCAL_SQRT_TWO_PI;
        dx[i] = dy[i] * (distribution + v * density);
    }
}

void attune_gelu_tanh_f32_scalar(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float v = x[i];
        float u = v * (GELU_TWO_C + GELU_TWO_C_CUBE * (v * v));
        y[i] = v / (1.0f + expf(-u));
    }
}

void attune_gelu_tanh_backward_f32_scalar(const float *dy, const float *x, float *dx, size_t n) {
    for (size_t i = 0; i < n; i++) {
        // Beyond the limit the derivative is 0 or 1 to the last bit, and the cube would overflow further out.
        float v = x[i] > GELU_LIMIT ? GELU_LIMIT : (x[i] < -GELU_LIMIT ? -GELU_LIMIT : x[i]);
        float square = v * v;
        // s (1 - s) of the sigmoid s by e^-|u|: 1 - s would lose its digits where s is near 1.
        float e = expf(-fabsf(v) * (GELU_TWO_C + GELU_TWO_C_CUBE * square));
        float r = 1.0f / (1.0f + e);
        float s = v < 0 ? e * r : r;
        float slope = v * (GELU_TWO_C + 3.0f * GELU_TWO_C_CUBE * square);
        dx[i] = dy[i] * (s + e * r * r * slope);
    }
}
