// Distances in plain C: the specification of the other instruction sets.
//
// Numeric policy: eight partial sums in float32, element i into sum i mod 8, added pairwise at the end. No contraction,
// so that every processor gives the same bits.
#include "../kernel_list.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

#define LANES 8

static float pairwise(const float s[LANES]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

float attune_dot_f32_scalar(const float *a, const float *b, size_t n) {
    float s[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) s[l] += a[i + l] * b[i + l];
    }
    for (size_t l = 0; i + l < n; l++) s[l] += a[i + l] * b[i + l];
    return pairwise(s);
}

float attune_squared_l2_f32_scalar(const float *a, const float *b, size_t n) {
    float s[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            float d = a[i + l] - b[i + l];
            s[l] += d * d;
        }
    }
    for (size_t l = 0; i + l < n; l++) {
        float d = a[i + l] - b[i + l];
        s[l] += d * d;
    }
    return pairwise(s);
}

static float cosine_of(float dot, float query_norm, float row_norm) {
    float product = query_norm * row_norm;
    return product > 0 ? dot / product : (product == 0 ? 0 : product);
}

float attune_cosine_f32_scalar(const float *a, const float *b, size_t n) {
    float norm_a = sqrtf(attune_dot_f32_scalar(a, a, n));
    return cosine_of(attune_dot_f32_scalar(a, b, n), norm_a, sqrtf(attune_dot_f32_scalar(b, b, n)));
}

void attune_dots_f32_scalar(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    for (size_t r = 0; r < count; r++) out[r] = attune_dot_f32_scalar(query, rows + r * stride, n);
}

void attune_squared_l2s_f32_scalar(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    for (size_t r = 0; r < count; r++) out[r] = attune_squared_l2_f32_scalar(query, rows + r * stride, n);
}

void attune_cosines_f32_scalar(
    const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out) {
    float query_norm = sqrtf(attune_dot_f32_scalar(query, query, n));
    for (size_t r = 0; r < count; r++) {
        const float *row = rows + r * stride;
        float row_norm = sqrtf(attune_dot_f32_scalar(row, row, n));
        out[r] = cosine_of(attune_dot_f32_scalar(query, row, n), query_norm, row_norm);
    }
}
