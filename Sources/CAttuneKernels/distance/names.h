// What the templates of the distances share: names, and the cosine that belongs to three sums.
#ifndef ATTUNE_DISTANCE_NAMES_H
#define ATTUNE_DISTANCE_NAMES_H

#include "../kernel_list.h"

#include <math.h>

#define JOIN_2(a, b) a##_##b
#define JOINED_2(a, b) JOIN_2(a, b)
#define JOIN_3(a, b, c) attune_##a##_##b##_##c
#define JOINED_3(a, b, c) JOIN_3(a, b, c)

/// A function of the element type and instruction set in turn that other files see, and one that they do not.
#define NAME(form) JOINED_3(form, TYPE, ISA)
#define LOCAL(name) JOINED_2(name, TYPE)
#define INLINE ATTUNE_INLINE TARGET
#define UNROLL _Pragma("clang loop unroll(full)")

/// The two kinds of sums: of products, and of squared differences.
enum { PRODUCTS, DIFFERENCES };

/// What many-to-many keeps in the caches: queries in the second level, rows in the first, which tiles share with them.
enum { ATTUNE_LEVEL_2_BYTES = 256 << 10, ATTUNE_LEVEL_1_BYTES = 16 << 10 };
/// Pairs whose products wait on the stack for their norms.
enum { NORM_QUERIES = 128, NORM_ROWS = 32 };

/// A float vector's norm, from its product with itself, and the cosine of two: 0 when either is zero, NaN where one is.
ATTUNE_INLINE float float_norm(float square) { return sqrtf(square); }
ATTUNE_INLINE float float_cosine(float dot, float norm_a, float norm_b) {
    const float product = norm_a * norm_b;
    return product > 0 ? dot / product : (product == 0 ? 0 : product);
}

/// The same of integers, whose sums are exact: the reciprocal of the norm, and two multiplications. Within 2^-21 of the
/// exact cosine (eight roundings), and the same bits on every instruction set.
ATTUNE_INLINE float int_norm(int32_t square) { return square > 0 ? 1 / sqrtf((float)square) : 0; }
ATTUNE_INLINE float int_cosine(int32_t dot, float reciprocal_a, float reciprocal_b) {
    return (float)dot * reciprocal_a * reciprocal_b;
}

#endif
