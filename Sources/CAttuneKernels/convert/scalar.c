// Conversions in plain C: the specification of the other instruction sets.
//
// Numeric policy: exact to float32; from float32 to the nearest, ties to even; a NaN keeps its sign and upper bits and
// becomes quiet.
#include "../kernel_list.h"

#include <string.h>

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void attune_float16_to_float32_scalar(const uint16_t *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t h = x[i], sign = (h & 0x8000u) << 16, exponent = (h >> 10) & 31, fraction = h & 0x3ffu;
        if (exponent == 31) {
            y[i] = float_of(sign | 0x7f800000u | fraction << 13 | (fraction ? 0x400000u : 0));
        } else if (exponent != 0) {
            y[i] = float_of(sign | (exponent + 112) << 23 | fraction << 13);
        } else {
            float magnitude = (float)fraction * 0x1p-24f;
            y[i] = float_of(bits_of(magnitude) | sign);
        }
    }
}

void attune_float32_to_float16_scalar(const float *x, uint16_t *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = bits_of(x[i]), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
        uint32_t half;
        if (magnitude > 0x7f800000u) {
            half = 0x7e00u | (magnitude >> 13 & 0x1ffu);
        } else if (magnitude >= 0x477ff000u) {
            half = 0x7c00u;  // 65520 and above round to infinity
        } else if (magnitude >= 0x38800000u) {
            half = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1)) >> 13;
        } else {
            // Adding 0.5 lines the last bit of a half's subnormal up with the last bit of the float: the processor rounds.
            half = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000u;
        }
        y[i] = (uint16_t)(sign | half);
    }
}

void attune_bfloat16_to_float32_scalar(const uint16_t *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = float_of((uint32_t)x[i] << 16);
}

void attune_float32_to_bfloat16_scalar(const float *x, uint16_t *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = bits_of(x[i]);
        if ((bits & 0x7fffffffu) > 0x7f800000u) {
            y[i] = (uint16_t)(bits >> 16 | 0x40u);
        } else {
            y[i] = (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
        }
    }
}
