// The scale of one row in 8 bits, for all levels the same.
#ifndef ATTUNE_OPERANDS_QUANTIZATION_H
#define ATTUNE_OPERANDS_QUANTIZATION_H

#include <math.h>
#include <stdint.h>

typedef struct attune_quantization {
    float scale;
    float reciprocal;
    int32_t zero;
} attune_quantization;

/// Maps lowest...highest, which holds 0, on 0...255. Where that has no finite scale (NaN, infinity), all becomes 0.
static inline attune_quantization attune_quantization_of(float lowest, float highest) {
    const float scale = (highest - lowest) / 255;
    if (!(scale > 0x1p-120f && scale < 0x1p120f)) return (attune_quantization){1, 0, 0};
    const float reciprocal = 1 / scale;
    return (attune_quantization){scale, reciprocal, (int32_t)rintf(-lowest * reciprocal)};
}

#endif
