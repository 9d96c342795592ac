// The kernels of Attune: per-element and per-row work in float32, distances of narrower types too; one table of
// functions for each instruction set.
//
// Conventions: n counts elements, pointers need no alignment unless said, inputs and outputs may be the same buffer
// where a comment says so and never overlap in another way. No function allocates, fails or keeps state.
#ifndef ATTUNE_KERNELS_H
#define ATTUNE_KERNELS_H

#include "attune_codes.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#else
#define _Nonnull
#define _Nullable
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

/// The numbers that a product multiplies.
typedef enum attune_precision {
    attune_precision_f32 = 0,
    attune_precision_bf16 = 1,
    attune_precision_int8 = 2,
} attune_precision;

/// Rows of activations. The type of `values` is that of the product: float, bfloat16 or uint8_t. Strides count values; in
/// bfloat16 they are even, and the value behind an odd last one is 0; in 8 bits they are multiples of 4.
typedef struct attune_operand {
    const void *values;
    size_t stride;
    size_t rows;
    const float *_Nullable scales;       ///< [rows], in 8 bits
    const int32_t *_Nullable zeros;      ///< [rows], in 8 bits
} attune_operand;

/// Packed weights [outputs, inputs], aligned to 64 bytes: what attune_pack_f32, _bf16 or _int8 wrote.
typedef struct attune_panels {
    const void *panels;
    size_t inputs;
    size_t outputs;
    const float *_Nullable scales;       ///< [outputs in whole panels], in 8 bits
    const int32_t *_Nullable sums;       ///< [outputs in whole panels], in 8 bits
} attune_panels;

typedef enum attune_activation {
    attune_activation_none = 0,
    attune_activation_gelu_erf = 1,
    attune_activation_gelu_tanh = 2,
    /// gelu_erf in a quarter of the steps, within 1.3e-4: where the result is rounded to bfloat16 or 8 bits.
    attune_activation_gelu_short = 3,
} attune_activation;

/// What happens to the sums of a product before they are stored.
typedef struct attune_tail {
    const float *_Nullable row_factors;  ///< [rows], multiply the sums first
    const float *_Nullable bias;         ///< [outputs]
    const float *_Nullable residual;     ///< [rows, outputs], added; may be y
    size_t residual_stride;
    attune_activation activation;
    void *y;                             ///< [rows, outputs], float or bfloat16
    size_t y_stride;
    int narrow;                          ///< whether y is bfloat16
    const float *_Nullable low;          ///< [rows, rank], or null where there is no low-rank term
    size_t low_stride;
    size_t rank;
    const float *_Nullable low_panels;   ///< [outputs, rank] as attune_pack_f32 packs it
} attune_tail;

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

// Of a float32 query and rows of an index: each row's elements stand for floats, and a result has the bits that float32
// has with these on the same level. Strides count elements of rows.

/// Rows of bfloat16, given by their bits.
typedef struct attune_bfloat16_rows {
    float (*dot)(const float *query, const uint16_t *row, size_t n);
    void (*dots)(const float *query, const uint16_t *rows, size_t stride, size_t count, size_t n, float *out);
    float (*squared_l2)(const float *query, const uint16_t *row, size_t n);
    void (*squared_l2s)(const float *query, const uint16_t *rows, size_t stride, size_t count, size_t n, float *out);
} attune_bfloat16_rows;

/// Rows of bytes. A row is n bytes, filled up with 0 to a multiple of 8, and two floats: step and lowest value; a byte b
/// stands for fma(step, b, lowest), rounded once, so for the same float on all instruction sets.
typedef struct attune_byte_rows {
    float (*dot)(const float *query, const uint8_t *row, size_t n);
    void (*dots)(const float *query, const uint8_t *rows, size_t stride, size_t count, size_t n, float *out);
    float (*squared_l2)(const float *query, const uint8_t *row, size_t n);
    void (*squared_l2s)(const float *query, const uint8_t *rows, size_t stride, size_t count, size_t n, float *out);
    /// out [n] = what a row's bytes stand for.
    void (*values)(const uint8_t *row, size_t n, float *out);
} attune_byte_rows;

/// The bytes of such a row before its two floats, and all of them.
static inline size_t attune_byte_row_codes(size_t n) { return (n + 7) / 8 * 8; }
static inline size_t attune_byte_row_size(size_t n) { return attune_byte_row_codes(n) + 2 * sizeof(float); }

/// Writes a vector of finite floats as a row of bytes: its range in 255 equal steps, each element the nearest of them. Where
/// `unit`, step and lowest value are then divided by the length of the vector that the row stands for, where that is not
/// 0, so that it has length 1. The same bytes on every processor.
void attune_byte_row_write(const float *x, size_t n, int unit, uint8_t *row);

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
    /// "scalar", "avx2", "avx512", "avx512vnni" or "avx512bf16", each level with what the one before has; or "neon".
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
    attune_bfloat16_rows bfloat16_rows;
    attune_byte_rows byte_rows;

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
    /// y = e^(scale*x - the largest), unnormalised; returns 1 / their sum before rounding. y is bfloat16; scale > 0.
    float (*exponentials_bf16)(const float *x, size_t n, float scale, uint16_t *y);
    /// dx = scale * y * (dy - sum(dy*y)). dx may be dy.
    void (*softmax_backward)(const float *dy, const float *y, float *dx, size_t n, float scale);
    /// y = (x - mean)/sqrt(variance + epsilon) * gain + bias; mean and reciprocal deviation are handed back. y may be x.
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

    // Products with packed weights: y = activation(x · Wᵀ + low · Bᵀ + bias + residual). A row's result has the same bits
    // whatever the number of rows and its place among them.

    void (*product_f32)(const attune_operand *x, const attune_panels *w, const attune_tail *tail);
    /// x and W in bfloat16, sums in float32.
    void (*product_bf16)(const attune_operand *x, const attune_panels *w, const attune_tail *tail);
    /// x in 8 bits without a sign, W in 8 bits with one, sums exact in 32 bits.
    void (*product_int8)(const attune_operand *x, const attune_panels *w, const attune_tail *tail);

    // What products read, made from what other kernels wrote.

    /// x ~ scale * (y - zero), y from 0 to 255: the row's range, widened to hold 0, in 255 equal steps.
    void (*quantize)(const float *x, size_t n, uint8_t *y, float *scale, int32_t *zero);
    /// Packs rows of words: panels of ATTUNE_PANEL rows, word after word. `packed` is aligned to 64 bytes.
    void (*pack_words)(const uint32_t *x, size_t stride, size_t rows, size_t words, uint32_t *packed);
    /// Packs the transpose of rows of bfloat16 for a product of which the rows are the inputs: panels of ATTUNE_PANEL
    /// columns, pairs of rows side by side. `packed` is aligned to 64 bytes.
    void (*pack_pairs)(const uint16_t *x, size_t stride, size_t rows, size_t columns, uint16_t *packed);

    // Conversions. To the narrow types: nearest, ties to even, NaN stays NaN, too large becomes infinite.
    void (*float16_to_float32)(const uint16_t *x, float *y, size_t n);
    void (*float32_to_float16)(const float *x, uint16_t *y, size_t n);
    void (*bfloat16_to_float32)(const uint16_t *x, float *y, size_t n);
    void (*float32_to_bfloat16)(const float *x, uint16_t *y, size_t n);

    // One-bit codes, the same bits at every level.

    /// Rotates x [n] in place, n a multiple of 64: four rounds of signs (bits, [4][n / 8], 1 for minus, the lowest first),
    /// a Hadamard transform of the first, then of the last coordinates, as many as the largest power of two that is at
    /// most n, and, where that is not n, (x + y, x - y) / sqrt(2) of the two halves (Kac's walk). Exactly orthogonal but for
    /// rounding: the result is within (4·(log2 n + 3) + 1)·2^-24 of |x|.
    void (*code_rotate)(const uint8_t *signs, float *x, size_t n);
    /// Look-up tables [width / 4][16] of a rotated query: for each column of four coordinates and each of the 16 codes the
    /// sum of the four with the code's signs, in 8 bits: step · entry + a constant of the column, the constants' sum being
    /// `offset`. `error` gets the sum over the columns of the largest difference of an entry from its value: no sum of entries is
    /// farther than that from the sum of the values, but for the rounding of float32.
    void (*code_tables)(
        const float *query, size_t width, uint8_t *tables, float *step, float *offset, float *error);
    /// The sums of table entries of every vector of whole blocks: 32 a block. Meanwhile as many bytes as the blocks have are
    /// fetched from `coming` on, if it is given: memory gives lines to a core about as fast as codes are summed, and asked for all
    /// at once they hold up everything behind them.
    void (*code_sums)(
        const uint8_t *tables, size_t columns, const uint8_t *blocks, size_t block_size, size_t block_count,
        uint32_t *sums, const uint8_t *_Nullable coming);
    /// Writes which of the first `count` vectors of consecutive blocks the query does not rule out, ascending, and how far
    /// each reaches: rescale·product - addend - addend_scale·|v|², larger is nearer. Returns their number; `rows` and
    /// `reaches` hold `count`. Where `eligible` is given, bit i of word j says whether vector 32·j + i takes part.
    size_t (*code_scan)(
        const attune_code_query *query, const uint8_t *blocks, size_t count, const uint32_t *_Nullable eligible,
        uint32_t *rows, float *reaches);
} attune_kernels;

/// The width of a panel of packed weights.
enum { ATTUNE_PANEL = 32 };

/// How many bytes the packed form of weights [outputs, inputs] takes: outputs are rounded up to whole panels, inputs to
/// pairs in bfloat16 and to fours in 8 bits.
size_t attune_packed_bytes(attune_precision precision, size_t inputs, size_t outputs);

/// Packs the weight of output o and input i, at `weights[o * output_stride + i * input_stride]`: panels of ATTUNE_PANEL
/// outputs; a panel holds, for each input in order (each pair of inputs in bfloat16, each four in 8 bits), the weights
/// of its outputs, zeros behind the last output. The product then reads weights in order, and activations are broadcast
/// over a whole panel. In 8 bits each output gets a scale, its largest weight over 127, and the sum of its rounded
/// weights, whole panels both; else they are null. `scratch` holds attune_pack_scratch bytes.
void attune_pack(
    const attune_kernels *kernels, attune_precision precision, const float *weights, size_t output_stride,
    size_t input_stride, size_t inputs, size_t outputs, void *packed, float *_Nullable scales,
    int32_t *_Nullable sums, void *scratch);
size_t attune_pack_scratch(attune_precision precision, size_t inputs);

/// The same in float32, without scratch.
void attune_pack_f32(
    const float *weights, size_t output_stride, size_t input_stride, size_t inputs, size_t outputs, float *packed);

/// Attention of one text and one head: out = softmax(scale · query · keyᵀ) · value, all [count, width].
typedef struct attune_attention_task {
    const void *query;                   ///< float, or bfloat16 where `narrow`; then `width` is even
    const void *key;
    const void *value;
    size_t stride;                       ///< values from a row to the next, of all three; even where `narrow`
    int narrow;
    size_t count;
    size_t width;
    float scale;                         ///< above 0
    void *out;                           ///< float, or bfloat16 where `narrow_out`
    size_t out_stride;
    int narrow_out;
} attune_attention_task;

/// The bytes that attune_attention works in.
size_t attune_attention_scratch(size_t count, size_t width);

/// Runs a task by the kernels of one instruction set. `scratch` is aligned to 64 bytes. Linear memory in `count`.
void attune_attention(const attune_kernels *kernels, const attune_attention_task *task, void *scratch);

/// The way back through attention of one text and head.
typedef struct attune_attention_backward_task {
    const void *query;                   ///< [count, width], float, or bfloat16 where `narrow`; then `width` is even
    const void *key;
    const void *value;
    size_t stride;                       ///< values from a row to the next, of all three; even where `narrow`
    int narrow;
    size_t count;
    size_t width;
    float scale;                         ///< above 0
    const void *out_gradient;            ///< of the same type
    size_t out_gradient_stride;          ///< even where `narrow`
    void *query_gradient;                ///< [count, width], of the same type
    void *key_gradient;
    void *value_gradient;
    size_t gradient_stride;
} attune_attention_backward_task;

/// The bytes that attune_attention_backward works in.
size_t attune_attention_backward_scratch(size_t count, size_t width);

/// Runs a task by the kernels of one instruction set. `scratch` is aligned to 64 bytes. Linear memory in `count`.
void attune_attention_backward(
    const attune_kernels *kernels, const attune_attention_backward_task *task, void *scratch);

/// out [rank, columns] += lowᵀ · x, for low [rows, rank] and x [rows, columns]: floats, or bfloat16 where `narrow`, and
/// then `low` is rounded to it too. `scratch` is aligned to 64 bytes and holds attune_add_outer_scratch bytes.
void attune_add_outer(
    const attune_kernels *kernels, int narrow, const float *low, size_t low_stride, size_t rank, const void *x,
    size_t x_stride, size_t rows, size_t columns, float *out, size_t out_stride, void *scratch);
size_t attune_add_outer_scratch(size_t rank, size_t columns);

/// y [columns, rows] += factor * xᵀ, for x [rows, columns].
void attune_add_transposed(
    const float *x, size_t stride, size_t rows, size_t columns, float factor, float *y, size_t y_stride);

/// y = GELU(x) in bfloat16, computed in float32. y may be x.
void attune_gelu_bf16(const attune_kernels *kernels, int tanh, const uint16_t *x, uint16_t *y, size_t n);
/// dx = dy * derivative of GELU at x; x and dx are bfloat16, dx may be x.
void attune_gelu_backward_bf16(
    const attune_kernels *kernels, int tanh, const float *dy, const uint16_t *x, uint16_t *dx, size_t n);

/// Sets values of a row to 0 with a probability of threshold / 65536, and multiplies the others by a factor. Which values
/// is a function of the key.
void attune_dropout(float *row, size_t n, uint32_t threshold, uint64_t key, float factor);

/// y = |a - b|.
void attune_absolute_differences_f32(const float *a, const float *b, float *y, size_t n);

/// y = the sign of a - b: -1, 0 or 1; 0 where either is NaN.
void attune_difference_signs_f32(const float *a, const float *b, float *y, size_t n);

/// The first place of the largest of n > 0 values; NaN counts as the largest.
size_t attune_largest_f32(const float *x, size_t n);

/// Writes the places of the values above `limit`, ascending, and returns their number. `places` holds n.
size_t attune_places_above_f32(const float *x, size_t n, float limit, uint32_t *places);

/// For each i of another label than `label`, where bound - distances[i] is above 0: adds that to *sum and takes 1 from
/// weights[i]. Returns how many there were.
size_t attune_hinges_f32(
    float bound, const float *distances, const int32_t *labels, int32_t label, size_t n, float *weights, double *sum);

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
/// A function that is called once keeps the registers of its many callers.
#define ATTUNE_CALLED_ONCE __attribute__((visibility("hidden"), cold, preserve_most))
#else
#define ATTUNE_CALLED_ONCE __attribute__((visibility("hidden"), cold))
#endif

/// Of attune_kernels_in_use alone: null before its first call.
extern __attribute__((visibility("hidden"))) const attune_kernels *_Nullable attune_chosen_table;
ATTUNE_CALLED_ONCE const attune_kernels *attune_choose_table(void);

/// The table that the environment's `ATTUNE_ISA` names, or the best one: chosen by the first call, for as long as the
/// process lives. A call of a kernel costs two loads and a jump besides, since the shortest ones take few nanoseconds.
static inline const attune_kernels *attune_kernels_in_use(void) {
    const attune_kernels *const _Nullable table = __atomic_load_n(&attune_chosen_table, __ATOMIC_ACQUIRE);
    return table ? (const attune_kernels *)table : attune_choose_table();
}

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
