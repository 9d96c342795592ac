// What losses over batches do element by element: a few thousand to a few million elements a step, hence plain C that
// the compiler may vectorise, the same for every instruction set.
#include "attune_kernels.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

void attune_absolute_differences_f32(const float *a, const float *b, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = fabsf(a[i] - b[i]);
}

void attune_difference_signs_f32(const float *a, const float *b, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (float)(a[i] > b[i]) - (float)(a[i] < b[i]);
}

size_t attune_largest_f32(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n && x[best] == x[best]; i++) {
        if (!(x[i] <= x[best])) best = i;
    }
    return best;
}

size_t attune_places_above_f32(const float *x, size_t n, float limit, uint32_t *places) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        places[count] = (uint32_t)i;
        count += x[i] > limit;
    }
    return count;
}

size_t attune_hinges_f32(
    float bound, const float *distances, const int32_t *labels, int32_t label, size_t n, float *weights, double *sum) {
    size_t active = 0;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        float excess = bound - distances[i];
        if (labels[i] != label && excess > 1e-16f) {
            total += excess;
            weights[i] -= 1;
            active++;
        }
    }
    *sum += total;
    return active;
}
