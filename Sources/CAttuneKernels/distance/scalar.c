// Distances in plain C: the specification of the other instruction sets.
//
// Numeric policy: eight partial sums in float32, element i into sum i mod 8, added pairwise at the end. No contraction,
// so that every processor gives the same bits. Integers are exact modulo 2^32.
#include "names.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define TARGET
#define ISA scalar
#define ROWS 1
#define TILE 1

static inline float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/// Shifted into place the exponent is 112 too low, subnormal or not; infinity and NaN need all of its bits.
static inline float float_of_half(uint16_t half) {
    const uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13, sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t special = (half & 0x7c00) == 0x7c00 ? 0x7f800000u : 0;
    const float scaled = float_of_bits(magnitude | special) * 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &scaled, sizeof bits);
    return float_of_bits(bits | sign);
}

static inline float float_of_bfloat(uint16_t x) { return float_of_bits((uint32_t)x << 16); }

#define TYPE f32
#define ELEMENT float
#define RESULT float
#define SUM float
#define VALUE(x) (x)
#define NORM float_norm
#define COSINE float_cosine
#include "plain_loops.h"
#include "forms_of_number.h"

#define TYPE f16
#define ELEMENT uint16_t
#define RESULT float
#define SUM float
#define VALUE float_of_half
#define NORM float_norm
#define COSINE float_cosine
#include "plain_loops.h"
#include "forms_of_number.h"

#define TYPE bf16
#define ELEMENT uint16_t
#define RESULT float
#define SUM float
#define VALUE float_of_bfloat
#define NORM float_norm
#define COSINE float_cosine
#include "plain_loops.h"
#include "forms_of_number.h"

#define TYPE i8
#define ELEMENT int8_t
#define RESULT int32_t
#define SUM uint32_t
#define VALUE(x) (x)
#define NORM int_norm
#define COSINE int_cosine
#include "plain_loops.h"
#include "forms_of_number.h"

// Rows of an index, with a query in float32

#define TYPE f32_bf16
#define QUERY float
#define ELEMENT uint16_t
#define RESULT float
#define SUM float
#define QUERY_VALUE(x) (x)
#define VALUE float_of_bfloat
#define ONE_TO_MANY_ONLY
#include "plain_loops.h"
#include "forms_of_rows.h"

typedef struct row_factors {
    float step, low;
} row_factors;

static inline row_factors factors_of(const uint8_t *row, size_t n) {
    return (row_factors){byte_row_factor(row, n, 0), byte_row_factor(row, n, 1)};
}

#define TYPE f32_u8
#define QUERY float
#define ELEMENT uint8_t
#define RESULT float
#define SUM float
#define QUERY_VALUE(x) (x)
#define FACTORS row_factors
#define FACTORS_OF factors_of
#define VALUE(x) __builtin_fmaf(factors.step, (float)(x), factors.low)
#define ONE_TO_MANY_ONLY
#include "plain_loops.h"
#include "forms_of_rows.h"

int32_t attune_hamming_b1_scalar(const uint8_t *a, const uint8_t *b, size_t n) {
    int32_t count = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        count += __builtin_popcountll(x ^ y);
    }
    for (; i < n; i++) count += __builtin_popcount(a[i] ^ b[i]);
    return count;
}

void attune_hammings_b1_scalar(
    const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n, int32_t *out) {
    for (size_t r = 0; r < count; r++) out[r] = attune_hamming_b1_scalar(query, rows + r * stride, n);
}

void attune_hamming_matrix_b1_scalar(
    const uint8_t *queries, size_t query_stride, size_t query_count, const uint8_t *rows, size_t stride, size_t count,
    size_t n, int32_t *out, size_t out_stride) {
    for (size_t q = 0; q < query_count; q++) {
        attune_hammings_b1_scalar(queries + q * query_stride, rows, stride, count, n, out + q * out_stride);
    }
}
