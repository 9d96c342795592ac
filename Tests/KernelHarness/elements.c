// Element by element: functions, the optimiser and conversions.
#include "harness.h"

#include <math.h>
#include <string.h>

/// e^x, for each unit in the last place: 1.1 of the kernel and 1 of the C library.
static double exponential_bound(float x, float expected) {
    (void)x;
    return 2.1 * (nextafterf(fabsf(expected), INFINITY) - fabsf(expected));
}
/// GELU by two ways, each within 1.5e-7 max(1, |x|).
static double gelu_bound(float x, float expected) {
    (void)expected;
    return 3e-7 * fmaxf(1, fabsf(x));
}
static double slope_bound(float x, float expected) {
    (void)x, (void)expected;
    return 6e-7;
}

typedef struct unary {
    const char *name;
    void (*function)(const float *, float *, size_t);
    void (*expected)(const float *, float *, size_t);
    double (*bound)(float x, float expected);
} unary;

static void test_unary(const attune_kernels *level, const unary *f, const float *x, size_t n, size_t gap) {
    begin(level, f->name, n);
    float *y = place(n * sizeof *y, gap * sizeof *y), *expected = place(n * sizeof *y, 0);
    f->function(x, y, n);
    f->expected(x, expected, n);
    for (size_t i = 0; i < n; i++) {
        expect_near(y[i], expected[i], f->bound(x[i], expected[i]), i);
        float alone;
        f->function(x + i, &alone, 1);
        expect_same(&alone, y + i, 1, sizeof alone);
    }
    float *in_place = place_copy(x, n * sizeof *x, 0);
    f->function(in_place, in_place, n);
    expect_same(in_place, y, n, sizeof *y);
    check_guards();
}

typedef struct backward {
    const char *name;
    void (*function)(const float *, const float *, float *, size_t);
    void (*expected)(const float *, const float *, float *, size_t);
} backward;

static void test_backward(const attune_kernels *level, const backward *f, const float *x, size_t n, size_t gap) {
    begin(level, f->name, n);
    const float *dy = place_floats(n, gap, 1);
    float *dx = place(n * sizeof *dx, gap * sizeof *dx), *expected = place(n * sizeof *dx, 0);
    f->function(dy, x, dx, n);
    f->expected(dy, x, expected, n);
    for (size_t i = 0; i < n; i++) {
        expect_near(dx[i], expected[i], slope_bound(x[i], expected[i]), i);
        float alone;
        f->function(dy + i, x + i, &alone, 1);
        expect_same(&alone, dx + i, 1, sizeof alone);
    }
    float *in_place = place_copy(dy, n * sizeof *dy, 0);
    f->function(in_place, x, in_place, n);
    expect_same(in_place, dx, n, sizeof *dx);
    check_guards();
}

static void test_linear(const attune_kernels *level, size_t n, size_t gap) {
    const float alpha = 1.37f, *x = place_floats(n, gap, 3);
    float *y = place_floats(n, gap, 2), *expected = place_copy(y, n * sizeof *y, 0);
    float *magnitudes = place_copy(y, n * sizeof *y, 0);
    begin(level, "axpy", n);
    level->axpy(alpha, x, y, n);
    reference->axpy(alpha, x, expected, n);
    for (size_t i = 0; i < n; i++) {
        expect_near(y[i], expected[i], 2 * UNIT * (fabsf(alpha * x[i]) + fabsf(magnitudes[i])), i);
    }
    memcpy(expected, y, n * sizeof *y);
    begin(level, "multiply", n);
    level->multiply(x, y, n);
    reference->multiply(x, expected, n);
    expect_same(y, expected, n, sizeof *y);
    begin(level, "scale", n);
    level->scale(alpha, y, n);
    reference->scale(alpha, expected, n);
    expect_same(y, expected, n, sizeof *y);
    check_guards();
}

void test_elementwise(const attune_kernels *level) {
    const unary functions[] = {
        {"exponential", level->exponential, reference->exponential, exponential_bound},
        {"gelu_erf", level->gelu_erf, reference->gelu_erf, gelu_bound},
        {"gelu_tanh", level->gelu_tanh, reference->gelu_tanh, gelu_bound},
    };
    const backward backwards[] = {
        {"gelu_erf_backward", level->gelu_erf_backward, reference->gelu_erf_backward},
        {"gelu_tanh_backward", level->gelu_tanh_backward, reference->gelu_tanh_backward},
    };
    // Beside random numbers: what is not a number, what has no exponential, and where a function changes its way.
    const float hard[] = {
        NAN,     INFINITY, -INFINITY, 0,       -0.0f,  1e-40f, -1e-40f, 88.5f,  89.5f,  -87.5f,  -95,   -103,
        -104.5f, 200,      -200,      1.3119f, 1.312f, -1.312f, 30,     -30,    31,     -31,     1e20f, -1e20f,
        -5.5f,   -13,      13,        1e-20f,  0.5f,   -0.5f,   3.75f,  -3.75f, 1e38f,
    };
    const size_t hard_count = sizeof hard / sizeof *hard;
    FOR_EACH_LENGTH(n) {
        for (size_t gap = 0; gap < 4; gap += 1 + n % 3) {
            test_linear(level, n, gap);
            for (size_t k = 0; k < 3; k++) {
                test_unary(level, &functions[k], place_floats(n, gap, k == 0 ? 90 : 6), n, gap);
            }
            for (size_t k = 0; k < 2; k++) test_backward(level, &backwards[k], place_floats(n, gap, 6), n, gap);
        }
    }
    for (size_t k = 0; k < 3; k++) test_unary(level, &functions[k], hard, hard_count, 0);
    for (size_t k = 0; k < 2; k++) test_backward(level, &backwards[k], hard, hard_count, 0);
}

void test_optimizer(const attune_kernels *level) {
    const attune_adamw setting = {
        .decay = 0.9999f, .beta1_complement = 0.1f, .beta2 = 0.999f, .beta2_complement = 0.001f,
        .step_size = 0.001f / 0.19f, .correction = 0.0447f, .epsilon = 1e-8f, .gradient_scale = 0.5f,
    };
    FOR_EACH_LENGTH(n) {
        const size_t gap = n % 4, bytes = n * sizeof(float);
        const float *gradients = place_floats(n, gap, 2);
        float *values[3], *expected[3];
        for (int k = 0; k < 3; k++) {
            values[k] = place_floats(n, gap, 1);
            if (k == 2) {
                for (size_t i = 0; i < n; i++) values[k][i] = fabsf(values[k][i]);
            }
            expected[k] = place_copy(values[k], bytes, 0);
        }
        for (int step = 0; step < 3; step++) {
            begin(level, "adamw", n);
            level->adamw(values[0], gradients, values[1], values[2], n, &setting);
            reference->adamw(expected[0], gradients, expected[1], expected[2], n, &setting);
            for (int k = 0; k < 3; k++) {
                for (size_t i = 0; i < n; i++) expect_near(values[k][i], expected[k][i], 2e-6, i);
            }
        }
        check_guards();
    }
}

/// Numbers near every border of the narrow formats, and any bits at all.
static float hard_float(size_t i) {
    uint32_t bits = (uint32_t)random_bits();
    // A fraction with few bits set lies on or beside a tie.
    if (i % 3 == 0) bits &= 0xffffe000u;
    if (i % 3 == 1) bits = (bits & 0xffffe000u) | 0x1000u | (bits & 1);
    if (i % 2 == 0) bits = (bits & 0x8fffffffu) | 0x30000000u;  // exponents around those of float16
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void test_conversions(const attune_kernels *level, size_t n, size_t gap) {
    const size_t narrow = n * sizeof(uint16_t), wide = n * sizeof(float);
    float *x = place(wide, gap * sizeof *x), *y = place(wide, gap * sizeof *y), *wide_expected = place(wide, 0);
    uint16_t *halves = place(narrow, gap * 2), *z = place(narrow, gap * 2), *narrow_expected = place(narrow, 0);
    for (size_t i = 0; i < n; i++) {
        x[i] = hard_float(i);
        halves[i] = (uint16_t)random_bits();
    }
    begin(level, "float16_to_float32", n);
    level->float16_to_float32(halves, y, n);
    reference->float16_to_float32(halves, wide_expected, n);
    expect_same(y, wide_expected, n, sizeof *y);
    begin(level, "bfloat16_to_float32", n);
    level->bfloat16_to_float32(halves, y, n);
    reference->bfloat16_to_float32(halves, wide_expected, n);
    expect_same(y, wide_expected, n, sizeof *y);
    begin(level, "float32_to_float16", n);
    level->float32_to_float16(x, z, n);
    reference->float32_to_float16(x, narrow_expected, n);
    expect_same(z, narrow_expected, n, sizeof *z);
    begin(level, "float32_to_bfloat16", n);
    level->float32_to_bfloat16(x, z, n);
    reference->float32_to_bfloat16(x, narrow_expected, n);
    expect_same(z, narrow_expected, n, sizeof *z);
    check_guards();
}

void test_convert(const attune_kernels *level) {
    FOR_EACH_LENGTH(n) {
        test_conversions(level, n, 0);
        test_conversions(level, n, 1 + n % 3);
    }
    for (int k = 0; k < 8; k++) test_conversions(level, 65536, 0);
    static uint16_t all[65536];
    static float found[65536], expected[65536];
    for (size_t i = 0; i < 65536; i++) all[i] = (uint16_t)i;
    begin(level, "float16_to_float32", 65536);
    level->float16_to_float32(all, found, 65536);
    reference->float16_to_float32(all, expected, 65536);
    expect_same(found, expected, 65536, sizeof *found);
}
