// Rows: sums in lanes against sums in double precision.
#include "harness.h"

#include <math.h>
#include <string.h>

/// The error of a row's result, for inputs of about 1: a few dozen roundings.
#define TOLERANCE 4e-6

static void expect_rows(const float *found, const float *expected, size_t n, double bound, double share) {
    for (size_t i = 0; i < n; i++) expect_near(found[i], expected[i], bound + share * fabsf(expected[i]), i);
}

static void test_sums(const attune_kernels *level, size_t n, size_t gap) {
    float *x = place_floats(n, gap, 1);
    begin(level, "sum", n);
    expect_near(level->sum(x, n), reference->sum(x, n), TOLERANCE * (double)(n + 1) / 20, 0);
    begin(level, "sum_squares", n);
    const double squares = reference->sum_squares(x, n);
    expect_near(level->sum_squares(x, n), squares, 1e-13 * squares, 0);
    begin(level, "max_abs", n);
    expect_near(level->max_abs(x, n), reference->max_abs(x, n), 0, 0);
    for (size_t place = 0; place < n && n < 41; place++) {
        const float before = x[place], hard[3] = {-50, -INFINITY, NAN};
        for (int k = 0; k < 3; k++) {
            x[place] = hard[k];
            expect_near(level->max_abs(x, n), reference->max_abs(x, n), 0, place);
        }
        x[place] = before;
    }
    check_guards();
}

static void test_softmax(const attune_kernels *level, size_t n, size_t gap) {
    const size_t bytes = n * sizeof(float);
    const float *x = place_floats(n, 0, 5), *dy = place_floats(n, gap, 1);
    float *y = place_copy(x, bytes, gap * 4), *expected = place_copy(x, bytes, 0);
    begin(level, "softmax", n);
    level->softmax(y, n, 0.7f);
    reference->softmax(expected, n, 0.7f);
    expect_rows(y, expected, n, 1e-9, 2 * TOLERANCE);

    float *dx = place(bytes, gap * 4), *in_place = place_copy(dy, bytes, 0);
    begin(level, "softmax_backward", n);
    level->softmax_backward(dy, y, dx, n, 0.7f);
    level->softmax_backward(in_place, y, in_place, n, 0.7f);
    reference->softmax_backward(dy, y, expected, n, 0.7f);
    expect_rows(dx, expected, n, TOLERANCE, 0);
    expect_same(in_place, dx, n, sizeof *dx);
    check_guards();

    if (n == 0) return;
    const float *scores = place_floats(n, gap, 30);
    uint16_t *narrow = place(2 * n, 2 * gap), *narrow_expected = place(2 * n, 0);
    begin(level, "exponentials_bf16", n);
    const float reciprocal = level->exponentials_bf16(scores, n, 0.25f, narrow);
    const float wanted = reference->exponentials_bf16(scores, n, 0.25f, narrow_expected);
    expect_near(reciprocal, wanted, 1e-4 * wanted, 0);
    for (size_t i = 0; i < n; i++) {
        // Where a polynomial's error crosses a rounding's border, one unit of eight bits.
        const float e = float_of_bfloat(narrow_expected[i]);
        expect_near(float_of_bfloat(narrow[i]), e, 0x1.01p-7 * e + 1e-37, i);
    }
    check_guards();
}

static void test_layer_norm(const attune_kernels *level, size_t n, size_t gap) {
    const size_t bytes = n * sizeof(float);
    const float *x = place_floats(n, gap, 2), *gain = place_floats(n, gap, 1), *bias = place_floats(n, gap, 1);
    float *y = place(bytes, gap * 4), *expected = place(bytes, 0), *in_place = place_copy(x, bytes, 0);
    float mean, deviation, mean_expected, deviation_expected;
    begin(level, "layer_norm", n);
    level->layer_norm(x, gain, bias, n, 1e-5f, y, &mean, &deviation);
    level->layer_norm(in_place, gain, bias, n, 1e-5f, in_place, &mean, &deviation);
    reference->layer_norm(x, gain, bias, n, 1e-5f, expected, &mean_expected, &deviation_expected);
    // Where a row is one number, its deviation is what epsilon makes it: roundings are multiplied by it.
    const double slack = TOLERANCE * fmax(1, deviation_expected / 4);
    expect_near(mean, mean_expected, TOLERANCE, 0);
    expect_near(deviation, deviation_expected, 1e-5 * deviation_expected, 0);
    expect_rows(y, expected, n, 2 * slack, 0);
    expect_same(in_place, y, n, sizeof *y);

    const float *dy = place_floats(n, gap, 1);
    float *dx = place(bytes, gap * 4);
    in_place = place_copy(dy, bytes, 0);
    begin(level, "layer_norm_backward", n);
    level->layer_norm_backward(dy, x, gain, mean, deviation, n, dx);
    level->layer_norm_backward(in_place, x, gain, mean, deviation, n, in_place);
    reference->layer_norm_backward(dy, x, gain, mean, deviation, n, expected);
    expect_rows(dx, expected, n, 2 * slack * fmax(1, deviation), 0);
    expect_same(in_place, dx, n, sizeof *dx);

    float *gradients[2] = {place_floats(n, gap, 1), place_floats(n, gap, 1)};
    float *wanted[2] = {place_copy(gradients[0], bytes, 0), place_copy(gradients[1], bytes, 0)};
    begin(level, "layer_norm_backward_parameters", n);
    level->layer_norm_backward_parameters(dy, x, mean, deviation, n, gradients[0], gradients[1]);
    reference->layer_norm_backward_parameters(dy, x, mean, deviation, n, wanted[0], wanted[1]);
    expect_rows(gradients[0], wanted[0], n, slack, 0);
    expect_same(gradients[1], wanted[1], n, sizeof(float));
    check_guards();
}

static void test_normalize(const attune_kernels *level, size_t n, size_t gap, float scale) {
    const size_t bytes = n * sizeof(float);
    float *y = place_floats(n, gap, scale), *expected = place_copy(y, bytes, 0);
    begin(level, "normalize", n);
    const float norm = level->normalize(y, n, 1e-30f), wanted = reference->normalize(expected, n, 1e-30f);
    expect_near(norm, wanted, 2 * UNIT * wanted, 0);
    expect_rows(y, expected, n, 0, 4 * UNIT);
    const float *dy = place_floats(n, gap, 1);
    float *dx = place(bytes, gap * 4), *in_place = place_copy(dy, bytes, 0);
    begin(level, "normalize_backward", n);
    level->normalize_backward(dy, y, 1.5f, dx, n);
    level->normalize_backward(in_place, y, 1.5f, in_place, n);
    reference->normalize_backward(dy, y, 1.5f, expected, n);
    expect_rows(dx, expected, n, TOLERANCE, 0);
    expect_same(in_place, dx, n, sizeof *dx);
    check_guards();
}

void test_rows(const attune_kernels *level) {
    FOR_EACH_LENGTH(n) {
        for (size_t gap = 0; gap < 4; gap += 1 + n % 3) {
            test_sums(level, n, gap);
            test_softmax(level, n, gap);
            test_layer_norm(level, n, gap);
            test_normalize(level, n, gap, 1);
        }
        // Squares that vanish or overflow in float32.
        test_normalize(level, n, 0, 1e-25f);
        test_normalize(level, n, 0, 1e30f);
        test_normalize(level, n, 0, 0);
    }
}
