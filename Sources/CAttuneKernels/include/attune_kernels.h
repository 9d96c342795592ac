// The kernels of Attune: per-element and per-row work in float32, distances of narrower types too; one table of
// functions for each instruction set.
//
// Conventions: n counts elements, pointers need no alignment unless said, inputs and outputs may be the same buffer
// where a comment says so and never overlap in another way. No function allocates, fails or keeps state.
#ifndef ATTUNE_KERNELS_H
#define ATTUNE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// What one AdamW step needs beside the vectors; the caller computes the corrections once for a step.
typedef struct attune_adamw {
    float decay;                 ///< 1 - learning rate * weight decay
    float beta1_complement;      ///< 1 - beta1
    float beta2;
    float beta2_complement;      ///< 1 - beta2
    float step_size;             ///< learning rate / (1 - beta1^step)
    float correction;            ///< sqrt(1 - beta2^step)
    float epsilon;
    float gradient_scale;        ///< multiplies the gradient first
} attune_adamw;

// Distances, in three forms: one-to-one; one-to-many, out[r] = f(query, row r), rows `stride` elements apart; and
// many-to-many, out[q * out_stride + r] = f(query q, row r). A pair's result has the same bits in all three, whatever
// stands beside it. The cosine is a·b / (|a| |b|), and 0 when either is zero.

/// Of 16-bit floats, given by their bits; sums are float32.
typedef struct attune_half_distances {
    float (*dot)(const uint16_t *a, const uint16_t *b, size_t n);
    void (*dots)(const uint16_t *query, const uint16_t *rows, size_t stride, size_t count, size_t n, float *out);
    void (*dot_matrix)(
        const uint16_t *queries, size_t query_stride, size_t query_count, const uint16_t *rows, size_t stride,
        size_t count, size_t n, float *out, size_t out_stride);
    float (*squared_l2)(const uint16_t *a, const uint16_t *b, size_t n);
    void (*squared_l2s)(const uint16_t *query, const uint16_t *rows, size_t stride, size_t count, size_t n, float *out);
    void (*squared_l2_matrix)(
        const uint16_t *queries, size_t query_stride, size_t query_count, const uint16_t *rows, size_t stride,
        size_t count, size_t n, float *out, size_t out_stride);
    float (*cosine)(const uint16_t *a, const uint16_t *b, size_t n);
    void (*cosines)(const uint16_t *query, const uint16_t *rows, size_t stride, size_t count, size_t n, float *out);
    void (*cosine_matrix)(
        const uint16_t *queries, size_t query_stride, size_t query_count, const uint16_t *rows, size_t stride,
        size_t count, size_t n, float *out, size_t out_stride);
} attune_half_distances;

/// Of signed bytes: dot and squared L2 are exact modulo 2^32, so exact up to ATTUNE_INT8_COUNT elements, and equal on
/// all instruction sets, as is the cosine up to that length.
typedef struct attune_int8_distances {
    int32_t (*dot)(const int8_t *a, const int8_t *b, size_t n);
    void (*dots)(const int8_t *query, const int8_t *rows, size_t stride, size_t count, size_t n, int32_t *out);
    void (*dot_matrix)(
        const int8_t *queries, size_t query_stride, size_t query_count, const int8_t *rows, size_t stride, size_t count,
        size_t n, int32_t *out, size_t out_stride);
    int32_t (*squared_l2)(const int8_t *a, const int8_t *b, size_t n);
    void (*squared_l2s)(const int8_t *query, const int8_t *rows, size_t stride, size_t count, size_t n, int32_t *out);
    void (*squared_l2_matrix)(
        const int8_t *queries, size_t query_stride, size_t query_count, const int8_t *rows, size_t stride, size_t count,
        size_t n, int32_t *out, size_t out_stride);
    float (*cosine)(const int8_t *a, const int8_t *b, size_t n);
    void (*cosines)(const int8_t *query, const int8_t *rows, size_t stride, size_t count, size_t n, float *out);
    void (*cosine_matrix)(
        const int8_t *queries, size_t query_stride, size_t query_count, const int8_t *rows, size_t stride, size_t count,
        size_t n, float *out, size_t out_stride);
} attune_int8_distances;

/// The longest int8 vectors whose squared distance always fits 32 bits: 2^31 / 255^2, rounded down to a power of two.
enum { ATTUNE_INT8_COUNT = 32768 };

/// Of bits, eight to a byte: how many are unequal. n and strides count bytes; n is less than 2^28.
typedef struct attune_bit_distances {
    int32_t (*hamming)(const uint8_t *a, const uint8_t *b, size_t n);
    void (*hammings)(const uint8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n, int32_t *out);
    void (*hamming_matrix)(
        const uint8_t *queries, size_t query_stride, size_t query_count, const uint8_t *rows, size_t stride,
        size_t count, size_t n, int32_t *out, size_t out_stride);
} attune_bit_distances;

/// One function a kernel, all of one instruction set.
typedef struct attune_kernels {
    /// "scalar", "avx2", "avx512", "avx512vnni" or "avx512bf16".
    const char *name;

    // Distances of float32.

    /// sum of a*b.
    float (*dot)(const float *a, const float *b, size_t n);
    /// sum of (a-b)^2.
    float (*squared_l2)(const float *a, const float *b, size_t n);
    /// a·b / (|a| |b|), and 0 when either is zero.
    float (*cosine)(const float *a, const float *b, size_t n);
    /// out[i] = dot(query, row i), rows `stride` floats apart.
    void (*dots)(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out);
    void (*squared_l2s)(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out);
    void (*cosines)(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out);
    /// out[q * out_stride + r] = dot(query q, row r).
    void (*dot_matrix)(
        const float *queries, size_t query_stride, size_t query_count, const float *rows, size_t stride, size_t count,
        size_t n, float *out, size_t out_stride);
    void (*squared_l2_matrix)(
        const float *queries, size_t query_stride, size_t query_count, const float *rows, size_t stride, size_t count,
        size_t n, float *out, size_t out_stride);
    void (*cosine_matrix)(
        const float *queries, size_t query_stride, size_t query_count, const float *rows, size_t stride, size_t count,
        size_t n, float *out, size_t out_stride);

    // Distances of other types.

    attune_half_distances float16, bfloat16;
    attune_int8_distances int8;
    attune_bit_distances bits;

    // Element by element. An element's result does not depend on its place. x may be y.

    /// y += alpha*x.
    void (*axpy)(float alpha, const float *x, float *y, size_t n);
    /// x *= alpha.
    void (*scale)(float alpha, float *x, size_t n);
    /// y *= x.
    void (*multiply)(const float *x, float *y, size_t n);
    /// y = e^x; -inf gives 0, too large gives inf.
    void (*exponential)(const float *x, float *y, size_t n);
    /// y = x * normal distribution function of x.
    void (*gelu_erf)(const float *x, float *y, size_t n);
    /// dx = dy * derivative of gelu_erf at x. dx may be dy or x.
    void (*gelu_erf_backward)(const float *dy, const float *x, float *dx, size_t n);
    /// y = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
    void (*gelu_tanh)(const float *x, float *y, size_t n);
    void (*gelu_tanh_backward)(const float *dy, const float *x, float *dx, size_t n);

    // Rows.

    float (*sum)(const float *x, size_t n);
    /// Squares and sum in double precision.
    double (*sum_squares)(const float *x, size_t n);
    /// Largest |x|, 0 for n = 0; NaN when x holds one.
    float (*max_abs)(const float *x, size_t n);
    /// x = softmax(scale*x), the maximum subtracted first.
    void (*softmax)(float *x, size_t n, float scale);
    /// dx = scale * y * (dy - sum(dy*y)). dx may be dy.
    void (*softmax_backward)(const float *dy, const float *y, float *dx, size_t n, float scale);
    /// y = (x - mean)/sqrt(variance + epsilon) * gain + bias; the mean and the reciprocal deviation are handed back.
    void (*layer_norm)(
        const float *x, const float *gain, const float *bias, size_t n, float epsilon, float *y, float *mean,
        float *reciprocal_deviation);
    /// dx of layer_norm. dx may be dy.
    void (*layer_norm_backward)(
        const float *dy, const float *x, const float *gain, float mean, float reciprocal_deviation, size_t n,
        float *dx);
    /// gain_gradient += dy * normalised x, bias_gradient += dy.
    void (*layer_norm_backward_parameters)(
        const float *dy, const float *x, float mean, float reciprocal_deviation, size_t n, float *gain_gradient,
        float *bias_gradient);
    /// x /= max(|x|, epsilon); returns the divisor.
    float (*normalize)(float *x, size_t n, float epsilon);
    /// dx = (dy - y * sum(dy*y)) / norm. dx may be dy.
    void (*normalize_backward)(const float *dy, const float *y, float norm, float *dx, size_t n);

    // Optimiser: the decoupled weight decay Adam of torch.optim.AdamW, in place.
    void (*adamw)(
        float *parameters, const float *gradients, float *first_moment, float *second_moment, size_t n,
        const attune_adamw *setting);

    // Products with packed weights: y[rows, outputs] = x[rows, inputs] · Wᵀ + bias, and + y where `accumulate` is not 0.
    // `bias` may be null. `packed` is what attune_pack_f32 wrote, aligned to 64 bytes; strides are in floats. A row's
    // result has the same bits whatever the number of rows and its place among them.
    void (*product)(
        const float *x, size_t x_stride, size_t rows, const float *packed, size_t inputs, size_t outputs,
        const float *_Nullable bias, float *y, size_t y_stride, int accumulate);

    // Conversions. To the narrow types: nearest, ties to even, NaN stays NaN, too large becomes infinite.
    void (*float16_to_float32)(const uint16_t *x, float *y, size_t n);
    void (*float32_to_float16)(const float *x, uint16_t *y, size_t n);
    void (*bfloat16_to_float32)(const uint16_t *x, float *y, size_t n);
    void (*float32_to_bfloat16)(const float *x, uint16_t *y, size_t n);
} attune_kernels;

/// The width of a panel of packed weights.
enum { ATTUNE_PANEL = 32 };

/// How many floats the packed form of weights [outputs, inputs] takes: outputs are rounded up to whole panels.
size_t attune_packed_count(size_t inputs, size_t outputs);

/// Packs the weight of output o and input i, at `weights[o * output_stride + i * input_stride]`: panels of ATTUNE_PANEL
/// outputs; a panel holds, for each input in order, the weights of its outputs, zeros behind the last output. The
/// product then reads weights in order, and an activation is broadcast over a whole panel.
void attune_pack_f32(
    const float *weights, size_t output_stride, size_t input_stride, size_t inputs, size_t outputs, float *packed);

/// What came of a request for an instruction set.
typedef enum attune_isa_status {
    attune_isa_ok = 0,
    /// No instruction set has that name.
    attune_isa_unknown = 1,
    /// The name is known; this processor (or this build) lacks it.
    attune_isa_unsupported = 2,
} attune_isa_status;

/// Finds the table called `name`. A null or empty name means the best one that this processor has. On an error
/// `*table` is that best one too: it can always be called.
attune_isa_status attune_kernels_find(
    const char *_Nullable name, const attune_kernels *_Nullable *_Nonnull table);

/// The table of that name, or null where it is unknown or unsupported.
const attune_kernels *_Nullable attune_kernels_for(const char *name);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
