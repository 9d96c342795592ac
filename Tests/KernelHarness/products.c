// What products read, products with packed weights, and attention.
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PANEL_ALIGNMENT = 64 };

static size_t rounded(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// Operands

static void test_quantize(const attune_kernels *level, const float *x, size_t n, size_t gap) {
    begin(level, "quantize", n);
    uint8_t *y = place(n, gap), *expected = place(n, 0);
    float scale[2] = {-1, -1};
    int32_t zero[2] = {-1, -1};
    level->quantize(x, n, y, &scale[0], &zero[0]);
    reference->quantize(x, n, expected, &scale[1], &zero[1]);
    expect_same(y, expected, n, 1);
    expect_same(&scale[0], &scale[1], 1, sizeof(float));
    expect_same(&zero[0], &zero[1], 1, sizeof(int32_t));
    check_guards();
}

static void test_hard_rows(const attune_kernels *level) {
    const float odd[] = {NAN, -NAN, INFINITY, -INFINITY, 3.4e38f, -3.4e38f, 1e-45f, 1e30f, -1e-30f};
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
        for (size_t place = 0; place < 20; place++) {
            float *x = place_floats(20, 0, 1);
            x[place] = odd[k];
            test_quantize(level, x, 20, 0);
        }
    }
    // A scale of 1, so that every number between two steps is a tie.
    float *ties = place_floats(256, 0, 0);
    for (size_t i = 0; i < 254; i++) ties[i] = (float)i + 0.5f - 100;
    ties[254] = -100, ties[255] = 155;
    test_quantize(level, ties, 256, 0);
    const float same[] = {0, -2.5f, 7};
    for (size_t k = 0; k < 3; k++) {
        float *x = place_floats(21, 0, 0);
        for (size_t i = 0; i < 21; i++) x[i] = same[k];
        test_quantize(level, x, 21, 0);
    }
}

static void test_packing_of_operands(const attune_kernels *level, size_t rows, size_t columns) {
    const size_t stride = columns + 3, count = (rows - 1) * stride + columns;
    const size_t word_count = rounded(rows, ATTUNE_PANEL) * columns;
    const size_t pair_count = rounded(columns, ATTUNE_PANEL) * rounded(rows, 2);
    uint32_t *x = place(4 * count, 0), *packed = place(4 * word_count, 0), *expected = place(4 * word_count, 0);
    for (size_t i = 0; i < count; i++) x[i] = (uint32_t)random_bits();
    begin(level, "pack_words", columns);
    level->pack_words(x, stride, rows, columns, packed);
    reference->pack_words(x, stride, rows, columns, expected);
    expect_same(packed, expected, word_count, 4);
    uint16_t *halves = place_copy(x, 2 * count, 0), *pairs = place(2 * pair_count, 0);
    uint16_t *pairs_expected = place(2 * pair_count, 0);
    begin(level, "pack_pairs", columns);
    level->pack_pairs(halves, stride, rows, columns, pairs);
    reference->pack_pairs(halves, stride, rows, columns, pairs_expected);
    expect_same(pairs, pairs_expected, pair_count, 2);
    check_guards();
}

void test_operands(const attune_kernels *level) {
    FOR_EACH_LENGTH(n) {
        test_quantize(level, place_floats(n, 0, 3), n, 0);
        test_quantize(level, place_floats(n, 1 + n % 3, 3), n, 1 + n % 7);
    }
    test_hard_rows(level);
    const size_t rows[] = {1, 2, 3, 7, 16, 31, 33, 65}, columns[] = {1, 2, 3, 8, 13, 15, 16, 32, 33, 64, 96};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++) {
            test_packing_of_operands(level, rows[i], columns[j]);
        }
    }
}

// Products

static const char *const product_names[] = {"product_f32", "product_bf16", "product_int8"};
static const char *const packing_names[] = {"attune_pack f32", "attune_pack bf16", "attune_pack int8"};

static void multiply(
    const attune_kernels *level, attune_precision precision, const attune_operand *x, const attune_panels *w,
    const attune_tail *tail) {
    if (precision == attune_precision_f32) level->product_f32(x, w, tail);
    if (precision == attune_precision_bf16) level->product_bf16(x, w, tail);
    if (precision == attune_precision_int8) level->product_int8(x, w, tail);
}

/// The parts of a tail that a test may leave out.
typedef struct parts {
    int factors, bias, residual, low, narrow, raw_sums;
    attune_activation activation;
} parts;

/// Packs random weights by this level and the reference, compares, and hands back panels that end at a forbidden page.
static attune_panels made_panels(
    const attune_kernels *level, attune_precision precision, size_t inputs, size_t outputs, int transposed) {
    const size_t bytes = attune_packed_bytes(precision, inputs, outputs), whole = rounded(outputs, ATTUNE_PANEL);
    const float *weights = place_floats(inputs * outputs, 0, 1);
    const size_t output_stride = transposed ? 1 : inputs, input_stride = transposed ? outputs : 1;
    void *panels = place(bytes, 0), *expected = place(bytes, 0);
    const size_t scratch_bytes = rounded(attune_pack_scratch(precision, inputs), PANEL_ALIGNMENT);
    void *scratch = place(scratch_bytes, 0);
    float *scales = NULL, *expected_scales = NULL;
    int32_t *sums = NULL, *expected_sums = NULL;
    if (precision == attune_precision_int8) {
        scales = place(4 * whole, 0), expected_scales = place(4 * whole, 0);
        sums = place(4 * whole, 0), expected_sums = place(4 * whole, 0);
    }
    begin(level, packing_names[precision], inputs);
    attune_pack(
        level, precision, weights, output_stride, input_stride, inputs, outputs, panels, scales, sums, scratch);
    attune_pack(
        reference, precision, weights, output_stride, input_stride, inputs, outputs, expected, expected_scales,
        expected_sums, scratch);
    expect_same(panels, expected, bytes / 4, 4);
    if (scales) {
        expect_same(scales, expected_scales, whole, 4);
        expect_same(sums, expected_sums, whole, 4);
    }
    return (attune_panels){.panels = panels, .inputs = inputs, .outputs = outputs, .scales = scales, .sums = sums};
}

/// Rows of random activations; the last one ends at a forbidden page.
static attune_operand made_operand(attune_precision precision, size_t inputs, size_t rows) {
    const size_t unit = precision == attune_precision_f32 ? 1 : precision == attune_precision_bf16 ? 2 : 4;
    const size_t width = rounded(inputs, unit), stride = width + 2 * unit, count = (rows - 1) * stride + width;
    attune_operand x = {.stride = stride, .rows = rows};
    if (precision == attune_precision_f32) {
        x.values = place_floats(count, 0, 1);
    } else if (precision == attune_precision_bf16) {
        uint16_t *values = place(2 * count, 0);
        memset(values, 0, 2 * count);
        for (size_t i = 0; i < rows * inputs; i++) {
            const float value = random_float(1);
            reference->float32_to_bfloat16(&value, values + i / inputs * stride + i % inputs, 1);
        }
        x.values = values;
    } else {
        uint8_t *values = place(count, 0);
        float *scales = place(4 * rows, 0);
        int32_t *zeros = place(4 * rows, 0);
        memset(values, 0, count);
        for (size_t i = 0; i < rows; i++) {
            // The largest values are where narrow sums overflow.
            for (size_t k = 0; k < inputs; k++) {
                values[i * stride + k] = random_bits() % 3 ? (uint8_t)random_bits() : 255;
            }
            scales[i] = 0.002f + fabsf(random_float(0.005f));
            zeros[i] = (int32_t)(random_bits() % 256);
        }
        x.values = values, x.scales = scales, x.zeros = zeros;
    }
    return x;
}

static attune_tail made_tail(const parts *p, size_t outputs, size_t rows) {
    enum { RANK = 5 };
    attune_tail tail = {.activation = p->activation, .narrow = p->narrow, .y_stride = outputs + 3};
    if (p->factors) tail.row_factors = place_floats(rows, 0, 1);
    if (p->bias) tail.bias = place_floats(outputs, 0, 1);
    if (p->residual) {
        tail.residual_stride = outputs + 1;
        tail.residual = place_floats((rows - 1) * tail.residual_stride + outputs, 0, 1);
    }
    if (p->low) {
        tail.rank = RANK, tail.low_stride = RANK + 1;
        tail.low = place_floats((rows - 1) * tail.low_stride + RANK, 0, 1);
        const float *up = place_floats(outputs * RANK, 0, 1);
        float *panels = place(4 * RANK * rounded(outputs, ATTUNE_PANEL), 0);
        attune_pack_f32(up, RANK, 1, RANK, outputs, panels);
        tail.low_panels = panels;
    }
    return tail;
}

static double element(const attune_tail *tail, size_t i, size_t j) {
    const size_t place = i * tail->y_stride + j;
    return tail->narrow ? float_of_bfloat(((const uint16_t *)tail->y)[place]) : ((const float *)tail->y)[place];
}

static void test_product(
    const attune_kernels *level, attune_precision precision, size_t rows, size_t inputs, size_t outputs,
    const parts *p, int transposed) {
    attune_panels w = made_panels(level, precision, inputs, outputs, transposed);
    attune_operand x = made_operand(precision, inputs, rows);
    if (p->raw_sums && precision == attune_precision_int8) {
        // Scales of 1 leave the sums as they are: whole numbers.
        for (size_t i = 0; i < rows; i++) ((float *)x.scales)[i] = 1;
        for (size_t j = 0; j < rounded(outputs, ATTUNE_PANEL); j++) ((float *)w.scales)[j] = 1;
    }
    attune_tail tail = made_tail(p, outputs, rows), expected = tail, alone = tail;
    const size_t size = p->narrow ? 2 : 4, count = (rows - 1) * tail.y_stride + outputs;
    tail.y = place(count * size, 0);
    expected.y = place(count * size, 0);
    alone.y = place(outputs * size, 0);
    begin(level, product_names[precision], inputs);
    multiply(level, precision, &x, &w, &tail);
    multiply(reference, precision, &x, &w, &expected);
    const double bound = UNIT * (double)(32 + 4 * inputs) + (p->activation ? 1e-6 : 0);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < outputs; j++) {
            const double wanted = element(&expected, i, j);
            const int exact = p->raw_sums && precision == attune_precision_int8;
            // A narrow result may be rounded to the other side: one unit of eight bits.
            const double error = exact ? 0 : bound + (p->narrow ? 0x1.01p-7 * fabs(wanted) : 0);
            expect_near(element(&tail, i, j), wanted, error, i * outputs + j);
        }
        if (i + 1 < rows && !is_untouched((char *)tail.y + (i * tail.y_stride + outputs) * size, 3 * size)) {
            fail("%zu rows by %zu outputs: writes between the rows of its result", rows, outputs);
        }
        // The same row on its own.
        const size_t value_size = precision == attune_precision_f32 ? 4 : precision == attune_precision_bf16 ? 2 : 1;
        attune_operand row = {
            .values = (const char *)x.values + i * x.stride * value_size, .stride = x.stride, .rows = 1};
        if (x.scales) row.scales = x.scales + i, row.zeros = x.zeros + i;
        if (tail.row_factors) alone.row_factors = tail.row_factors + i;
        if (tail.residual) alone.residual = tail.residual + i * tail.residual_stride;
        if (tail.low) alone.low = tail.low + i * tail.low_stride;
        multiply(level, precision, &row, &w, &alone);
        expect_same(alone.y, (char *)tail.y + i * tail.y_stride * size, outputs, size);
    }
    // The residual may be the result itself.
    if (p->residual && !p->narrow) {
        attune_tail in_place = tail;
        in_place.y = place(count * size, 0);
        for (size_t i = 0; i < rows; i++) {
            memcpy((float *)in_place.y + i * tail.y_stride, tail.residual + i * tail.residual_stride, outputs * size);
        }
        in_place.residual = in_place.y;
        in_place.residual_stride = tail.y_stride;
        multiply(level, precision, &x, &w, &in_place);
        for (size_t i = 0; i < rows; i++) {
            const size_t start = i * tail.y_stride;
            expect_same((float *)in_place.y + start, (float *)tail.y + start, outputs, size);
        }
    }
    check_guards();
}

void test_products(const attune_kernels *level) {
    const size_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 16, 25, 31};
    const size_t shapes[][2] = {{1, 1},   {2, 5},   {3, 5},   {4, 16},  {5, 31},  {16, 16}, {17, 31}, {32, 32},
                                {40, 33}, {63, 18}, {64, 47}, {96, 80}, {130, 49}};
    const parts plain = {0}, sums = {.raw_sums = 1};
    const parts tails[] = {
        {.bias = 1},
        {.residual = 1},
        {.low = 1},
        {.factors = 1},
        {.narrow = 1},
        {.activation = attune_activation_gelu_erf},
        {.activation = attune_activation_gelu_tanh},
        {.activation = attune_activation_gelu_short},
        {.factors = 1, .bias = 1, .residual = 1, .low = 1},
        {.factors = 1, .bias = 1, .residual = 1, .low = 1, .activation = attune_activation_gelu_erf},
        {.bias = 1, .residual = 1, .low = 1, .narrow = 1, .activation = attune_activation_gelu_short},
        {.factors = 1, .bias = 1, .residual = 1, .low = 1, .narrow = 1, .activation = attune_activation_gelu_tanh},
    };
    for (attune_precision p = attune_precision_f32; p <= attune_precision_int8; p++) {
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
                test_product(level, p, rows[r], shapes[s][0], shapes[s][1], &plain, r % 2);
                test_product(level, p, rows[r], shapes[s][0], shapes[s][1], &sums, 0);
            }
        }
        // Past a block of rows, and a real layer's width.
        test_product(level, p, 100, 33, 50, &plain, 0);
        test_product(level, p, 7, 768, 33, &sums, 0);
        for (size_t t = 0; t < sizeof tails / sizeof *tails; t++) {
            test_product(level, p, 14, 37, 50, &tails[t], 0);
            test_product(level, p, 5, 16, 33, &tails[t], 1);
            test_product(level, p, 3, 31, 7, &tails[t], 0);
        }
    }
}

// Attention

static void test_attention_task(const attune_kernels *level, size_t count, size_t width, int narrow, int narrow_out) {
    const size_t stride = 3 * width + 6, total = (count - 1) * stride + 3 * width, size = narrow ? 2 : 4;
    const size_t out_size = narrow_out ? 2 : 4, out_stride = width + 3;
    const size_t out_bytes = ((count - 1) * out_stride + width) * out_size;
    const float *values = place_floats(total, 0, 2);
    const char *x = (const char *)values;
    if (narrow) {
        uint16_t *rounded_values = place(2 * total, 0);
        reference->float32_to_bfloat16(values, rounded_values, total);
        x = (const char *)rounded_values;
    }
    void *scratch = place(rounded(attune_attention_scratch(count, width), PANEL_ALIGNMENT), 0);
    attune_attention_task task = {
        .query = x, .key = x + width * size, .value = x + 2 * width * size, .stride = stride, .narrow = narrow,
        .count = count, .width = width, .scale = 1 / sqrtf((float)width), .out_stride = out_stride,
        .narrow_out = narrow_out,
    };
    attune_tail found = {.y = place(out_bytes, 0), .y_stride = out_stride, .narrow = narrow_out}, expected = found;
    expected.y = place(out_bytes, 0);
    begin(level, narrow ? "attention bf16" : "attention f32", count);
    task.out = found.y;
    attune_attention(level, &task, scratch);
    task.out = expected.y;
    attune_attention(reference, &task, scratch);
    // Probabilities, and narrow results, are rounded to eight bits.
    const double bound = narrow || narrow_out ? 0.015 : 4e-6;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < width; j++) {
            expect_near(element(&found, i, j), element(&expected, i, j), bound, i * width + j);
        }
        if (i + 1 < count && !is_untouched((char *)found.y + (i * out_stride + width) * out_size, 3 * out_size)) {
            fail("width %zu: writes between the rows of its result", width);
        }
    }
    check_guards();
}

void test_attention(const attune_kernels *level) {
    const size_t shapes[][2] = {{1, 32},  {2, 8},   {11, 16},  {12, 32}, {13, 64},
                                {33, 32}, {40, 48}, {130, 32}, {257, 20}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int k = 0; k < 4; k++) test_attention_task(level, shapes[s][0], shapes[s][1], k & 1, k >> 1);
    }
}
