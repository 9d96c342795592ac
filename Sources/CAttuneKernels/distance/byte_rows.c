// Vectors as rows of bytes.
//
// Numeric policy: in double precision without contraction, and each float rounded once, so that every processor writes the
// same bytes.
#include "names.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

/// The sum of the squares of what a row's bytes stand for.
static double squares_of(const uint8_t *row, size_t n) {
    const float step = byte_row_factor(row, n, 0), low = byte_row_factor(row, n, 1);
    // What each byte stands for, and how often it occurs.
    uint32_t counts[256] = {0};
    for (size_t i = 0; i < n; i++) counts[row[i]]++;
    double sum = 0;
    for (int code = 0; code < 256; code++) {
        if (counts[code] == 0) continue;
        const double value = __builtin_fmaf(step, (float)code, low);
        sum += counts[code] * (value * value);
    }
    return sum;
}

void attune_byte_row_write(const float *x, size_t n, int unit, uint8_t *row) {
    const size_t codes = attune_byte_row_codes(n);
    float low = n > 0 ? x[0] : 0, high = low;
    for (size_t i = 1; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    float factors[2] = {(float)(((double)high - low) / 255), low};
    // A range of a few subnormal numbers has a step of 0: then all bytes are 0, and stand for the lowest value.
    const double steps = factors[0] > 0 ? 1 / (double)factors[0] : 0, start = low;
    for (size_t i = 0; i < n; i++) {
        // Among subnormal numbers a step may be rounded down by so much that the highest are past the last byte.
        const double place = (x[i] - start) * steps + 0.5;
        row[i] = (uint8_t)(place < 255 ? place : 255);
    }
    memset(row + n, 0, codes - n);
    memcpy(row + codes, factors, sizeof factors);
    if (!unit) return;
    const double length = __builtin_sqrt(squares_of(row, n));
    if (!(length > 0)) return;
    for (int i = 0; i < 2; i++) factors[i] = (float)(factors[i] / length);
    memcpy(row + codes, factors, sizeof factors);
}
