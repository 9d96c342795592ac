// Rows in plain C: the specification of the other instruction sets.
//
// Numeric policy: sums in double precision from left to right, rounded to float32 once; no contraction. The vector
// versions sum in float32 lanes (sum_squares in double) and are tested against these.
#include "../kernel_list.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

float attune_sum_f32_scalar(const float *x, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += x[i];
    return (float)s;
}

double attune_sum_squares_f32_scalar(const float *x, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += (double)x[i] * x[i];
    return s;
}

float attune_max_abs_f32_scalar(const float *x, size_t n) {
    float m = 0;
    for (size_t i = 0; i < n; i++) {
        float v = fabsf(x[i]);
        if (!(v <= m)) m = v;
        if (m != m) return m;
    }
    return m;
}

void attune_softmax_f32_scalar(float *x, size_t n, float scale) {
    float m = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        float v = scale * x[i];
        if (v > m) m = v;
    }
    double s = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(scale * x[i] - m);
        s += x[i];
    }
    float r = (float)(1.0 / s);
    for (size_t i = 0; i < n; i++) x[i] *= r;
}

float attune_exponentials_bf16_scalar(const float *x, size_t n, float scale, uint16_t *y) {
    float m = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (x[i] > m) m = x[i];
    }
    double s = 0;
    for (size_t i = 0; i < n; i++) {
        const float e = expf(scale * (x[i] - m));
        attune_float32_to_bfloat16_scalar(&e, y + i, 1);
        s += e;
    }
    return (float)(1 / s);
}

void attune_softmax_backward_f32_scalar(const float *dy, const float *y, float *dx, size_t n, float scale) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += (double)dy[i] * y[i];
    float t = (float)s;
    for (size_t i = 0; i < n; i++) dx[i] = scale * y[i] * (dy[i] - t);
}

void attune_layer_norm_f32_scalar(
    const float *x, const float *gain, const float *bias, size_t n, float epsilon, float *y, float *mean,
    float *reciprocal_deviation) {
    double s = 0, q = 0;
    for (size_t i = 0; i < n; i++) s += x[i];
    float m = n > 0 ? (float)(s / (double)n) : 0;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - m;
        q += d * d;
    }
    float r = (float)(1.0 / sqrt((n > 0 ? q / (double)n : 0) + epsilon));
    for (size_t i = 0; i < n; i++) y[i] = (x[i] - m) * r * gain[i] + bias[i];
    *mean = m;
    *reciprocal_deviation = r;
}

void attune_layer_norm_backward_f32_scalar(
    const float *dy, const float *x, const float *gain, float mean, float reciprocal_deviation, size_t n, float *dx) {
    double s = 0, t = 0;
    for (size_t i = 0; i < n; i++) {
        double g = (double)dy[i] * gain[i];
        s += g;
        t += g * ((x[i] - mean) * reciprocal_deviation);
    }
    float s_mean = n > 0 ? (float)(s / (double)n) : 0;
    float t_mean = n > 0 ? (float)(t / (double)n) : 0;
    for (size_t i = 0; i < n; i++) {
        float normal = (x[i] - mean) * reciprocal_deviation;
        dx[i] = reciprocal_deviation * (dy[i] * gain[i] - s_mean - normal * t_mean);
    }
}

void attune_layer_norm_backward_parameters_f32_scalar(
    const float *dy, const float *x, float mean, float reciprocal_deviation, size_t n, float *gain_gradient,
    float *bias_gradient) {
    for (size_t i = 0; i < n; i++) {
        gain_gradient[i] += dy[i] * ((x[i] - mean) * reciprocal_deviation);
        bias_gradient[i] += dy[i];
    }
}

float attune_normalize_f32_scalar(float *x, size_t n, float epsilon) {
    float norm = (float)sqrt(attune_sum_squares_f32_scalar(x, n));
    if (norm < epsilon) norm = epsilon;
    for (size_t i = 0; i < n; i++) x[i] /= norm;
    return norm;
}

void attune_normalize_backward_f32_scalar(const float *dy, const float *y, float norm, float *dx, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += (double)dy[i] * y[i];
    float t = (float)s;
    for (size_t i = 0; i < n; i++) dx[i] = (dy[i] - y[i] * t) / norm;
}
