// Distances: one-to-one against the scalar version, the other two forms against one-to-one, bit by bit.
#include "harness.h"

#include <math.h>
#include <string.h>

typedef enum kind { DOT, SQUARED_L2, COSINE, HAMMING } kind;

/// The error that two ways to add n terms in float32 may differ by, for the sum of their magnitudes.
static double bound_of(kind kind, size_t n, double magnitude) {
    // Subnormal terms may be taken as zero.
    return kind == COSINE ? UNIT * (4 * (double)n + 16) : UNIT * 2 * (double)(n + 4) * magnitude + (double)n * 0x1p-126;
}

/// What the sum of magnitudes holds for a pair of values.
static double magnitude_of(kind kind, double a, double b) {
    return kind == SQUARED_L2 ? (a - b) * (a - b) : fabs(a * b);
}

static float value_f32(float x) { return x; }
static float value_i8(int8_t x) { return x; }
static float value_b1(uint8_t x) { return x; }

static float random_f32(void) { return random_float(1); }
static uint16_t random_f16(void) {
    // Every eighth is about as small as a subnormal.
    const float x = random_float(random_bits() % 8 ? 1 : 0x1p-14f);
    uint16_t bits;
    reference->float32_to_float16(&x, &bits, 1);
    return bits;
}
static uint16_t random_bf16(void) {
    // Every eighth is small, not so small that its square is subnormal: AVX-512 BF16 takes that as 0.
    const float x = random_float(random_bits() % 8 ? 1 : 0x1p-20f);
    uint16_t bits;
    reference->float32_to_bfloat16(&x, &bits, 1);
    return bits;
}
static int8_t random_i8(void) {
    // The ends of the range are where narrow sums overflow.
    const uint64_t bits = random_bits();
    return bits & 256 ? (int8_t)(bits & 255) : bits & 512 ? -128 : 127;
}
static uint8_t random_b1(void) { return (uint8_t)random_bits(); }

/// Tests the three forms of one kind on `queries` by `rows` pairs: `label` of a type of which a pair gives `result`.
#define DEFINE_TEST(label, type, element, result, is_exact)                                                            \
    typedef struct label##_forms {                                                                                     \
        const char *one_name, *many_name, *matrix_name;                                                                \
        result (*one)(const element *, const element *, size_t);                                                       \
        void (*many)(const element *, const element *, size_t, size_t, size_t, result *);                              \
        void (*matrix)(                                                                                                \
            const element *, size_t, size_t, const element *, size_t, size_t, size_t, result *, size_t);               \
        result (*expected)(const element *, const element *, size_t);                                                  \
    } label##_forms;                                                                                                   \
                                                                                                                       \
    static void test_##label(                                                                                          \
        const attune_kernels *level, kind kind, const label##_forms *f, size_t n, size_t query_count, size_t count,    \
        size_t gap) {                                                                                                  \
        const size_t query_stride = n + 1, stride = n + 3, out_stride = count + 2, e = sizeof(element);                \
        const size_t r = sizeof(result), out_count = (query_count - 1) * out_stride + count;                           \
        element *queries = place(((query_count - 1) * query_stride + n) * e, gap * e);                                 \
        element *rows = place(((count - 1) * stride + n) * e, gap * e);                                                \
        for (size_t q = 0; q < query_count; q++) {                                                                     \
            for (size_t i = 0; i < n; i++) queries[q * query_stride + i] = random_##type();                            \
        }                                                                                                              \
        for (size_t k = 0; k < count; k++) {                                                                           \
            for (size_t i = 0; i < n; i++) rows[k * stride + i] = random_##type();                                     \
        }                                                                                                              \
        result *singles = place(out_count * r, 0), *many = place(count * r, gap * r);                                  \
        result *matrix = place(out_count * r, gap * r);                                                                \
        for (size_t q = 0; q < query_count; q++) {                                                                     \
            const element *a = queries + q * query_stride;                                                             \
            begin(level, f->one_name, n);                                                                              \
            for (size_t k = 0; k < count; k++) {                                                                       \
                const element *b = rows + k * stride;                                                                  \
                const result found = f->one(a, b, n), expected = f->expected(a, b, n);                                 \
                singles[q * out_stride + k] = found;                                                                   \
                if (is_exact) {                                                                                        \
                    expect_same(&found, &expected, 1, r);                                                              \
                    continue;                                                                                          \
                }                                                                                                      \
                double magnitude = 0;                                                                                  \
                for (size_t i = 0; i < n; i++) {                                                                       \
                    magnitude += magnitude_of(kind, value_##type(a[i]), value_##type(b[i]));                           \
                }                                                                                                      \
                expect_near((double)found, (double)expected, bound_of(kind, n, magnitude), k);                         \
            }                                                                                                          \
            begin(level, f->many_name, n);                                                                             \
            f->many(a, rows, stride, count, n, many);                                                                  \
            expect_same(many, singles + q * out_stride, count, r);                                                     \
        }                                                                                                              \
        begin(level, f->matrix_name, n);                                                                               \
        f->matrix(queries, query_stride, query_count, rows, stride, count, n, matrix, out_stride);                     \
        for (size_t q = 0; q < query_count; q++) {                                                                     \
            expect_same(matrix + q * out_stride, singles + q * out_stride, count, r);                                  \
            if (q + 1 < query_count && !is_untouched(matrix + q * out_stride + count, 2 * r)) {                        \
                fail("writes between the rows of its result");                                                         \
            }                                                                                                          \
        }                                                                                                              \
        check_guards();                                                                                                \
    }                                                                                                                  \
                                                                                                                       \
    static void test_shapes_##label(const attune_kernels *level, kind kind, label##_forms f) {                         \
        FOR_EACH_LENGTH(n) {                                                                                           \
            test_##label(level, kind, &f, n, n < 131 ? 6 : 5, 7, 0);                                                   \
            if (n < 131) test_##label(level, kind, &f, n, 5, 4, 1 + n % 3);                                            \
            /* Enough queries to pack rows for. */                                                                     \
            if (n < 70) test_##label(level, kind, &f, n, 16 + n % 8, 15 + n % 36, 0);                                  \
        }                                                                                                              \
        for (size_t count = 1; count < 10; count++) test_##label(level, kind, &f, 37, count, 10 - count, 0);           \
        test_##label(level, kind, &f, 33, 131, 41, 0); /* past the blocks of the cosine */                             \
        test_##label(level, kind, &f, 1031, 19, 53, 0); /* past the parts of packed rows */                            \
        test_##label(level, kind, &f, 384, 5, 90, 0);  /* past a block of rows in every type's many-to-many */         \
    }

static float value_f16(uint16_t x) { return float_of_half(x); }
static float value_bf16(uint16_t x) { return float_of_bfloat(x); }

DEFINE_TEST(f32, f32, float, float, 0)
DEFINE_TEST(f16, f16, uint16_t, float, 0)
DEFINE_TEST(bf16, bf16, uint16_t, float, 0)
DEFINE_TEST(i8, i8, int8_t, int32_t, 1)
DEFINE_TEST(cosine_i8, i8, int8_t, float, 1)
DEFINE_TEST(b1, b1, uint8_t, int32_t, 1)

#define FORMS(family, member, one, many, matrix)                                                                       \
    {family " " #one, family " " #many, family " " #matrix, level->member one, level->member many,                    \
     level->member matrix, reference->member one}

#define TEST_NUMBER(label, cosine_label, family, member)                                                               \
    test_shapes_##label(level, DOT, (label##_forms)FORMS(family, member, dot, dots, dot_matrix));                      \
    test_shapes_##label(                                                                                               \
        level, SQUARED_L2, (label##_forms)FORMS(family, member, squared_l2, squared_l2s, squared_l2_matrix));          \
    test_shapes_##cosine_label(                                                                                        \
        level, COSINE, (cosine_label##_forms)FORMS(family, member, cosine, cosines, cosine_matrix))

/// Sums of the largest int8 products, for which no narrower sum has room.
static void test_int8_limits(const attune_kernels *level) {
    static int8_t low[ATTUNE_INT8_COUNT], high[ATTUNE_INT8_COUNT];
    memset(low, -128, sizeof low);
    memset(high, 127, sizeof high);
    begin(level, "int8 limits", ATTUNE_INT8_COUNT);
    expect_near(level->int8.dot(low, low, ATTUNE_INT8_COUNT), 16384.0 * ATTUNE_INT8_COUNT, 0, 0);
    expect_near(level->int8.dot(low, high, ATTUNE_INT8_COUNT), -16256.0 * ATTUNE_INT8_COUNT, 0, 1);
    expect_near(level->int8.squared_l2(low, high, ATTUNE_INT8_COUNT), 65025.0 * ATTUNE_INT8_COUNT, 0, 2);
}

enum { STORED_ROWS = 7 };

/// Products and squared distances of a kind of rows have the bits of float32 with `values`, what the rows stand for.
#define TEST_ROWS(family, member, rows, stride, values)                                                                \
    do {                                                                                                               \
        float *dots = place(STORED_ROWS * sizeof(float), 0), *distances = place(STORED_ROWS * sizeof(float), 0);       \
        begin(level, family " rows", n);                                                                               \
        level->member.dots(query, rows, stride, STORED_ROWS, n, dots);                                                 \
        level->member.squared_l2s(query, rows, stride, STORED_ROWS, n, distances);                                     \
        for (size_t r = 0; r < STORED_ROWS; r++) {                                                                     \
            const float sums[4] = {                                                                                    \
                level->dot(query, values + r * n, n), level->squared_l2(query, values + r * n, n),                     \
                level->member.dot(query, rows + r * stride, n), level->member.squared_l2(query, rows + r * stride, n)}; \
            expect_same(dots + r, sums, 1, sizeof(float));                                                             \
            expect_same(distances + r, sums + 1, 1, sizeof(float));                                                    \
            expect_same(sums + 2, sums, 2, sizeof(float));                                                             \
        }                                                                                                              \
    } while (0)

/// Rows that an index stores in fewer bits, against queries in float32.
static void test_stored_rows(const attune_kernels *level) {
    FOR_EACH_LENGTH(n) {
        const size_t size = attune_byte_row_size(n);
        const float *query = place_floats(n, 0, 1), *vectors = place_floats(STORED_ROWS * n, 0, 1);
        uint16_t *halves = place(STORED_ROWS * n * sizeof(uint16_t), 0);
        uint8_t *bytes = place(STORED_ROWS * size, 0);
        float *values = place(STORED_ROWS * n * sizeof(float), 0);
        level->float32_to_bfloat16(vectors, halves, STORED_ROWS * n);
        for (size_t i = 0; i < STORED_ROWS * n; i++) values[i] = float_of_bfloat(halves[i]);
        TEST_ROWS("bfloat16", bfloat16_rows, halves, n, values);
        for (size_t r = 0; r < STORED_ROWS; r++) {
            uint8_t *row = bytes + r * size;
            attune_byte_row_write(vectors + r * n, n, r % 2, row);
            level->byte_rows.values(row, n, values + r * n);
            float factors[2];
            memcpy(factors, row + attune_byte_row_codes(n), sizeof factors);
            for (size_t i = 0; i < n; i++) {
                const float value = fmaf(factors[0], (float)row[i], factors[1]);
                expect_same(values + r * n + i, &value, 1, sizeof value);
            }
        }
        TEST_ROWS("byte", byte_rows, bytes, size, values);
        check_guards();
    }
}

void test_distances(const attune_kernels *level) {
    TEST_NUMBER(f32, f32, "float32", );
    TEST_NUMBER(f16, f16, "float16", float16.);
    TEST_NUMBER(bf16, bf16, "bfloat16", bfloat16.);
    TEST_NUMBER(i8, cosine_i8, "int8", int8.);
    test_shapes_b1(level, HAMMING, (b1_forms)FORMS("bits", bits., hamming, hammings, hamming_matrix));
    test_int8_limits(level);
    test_stored_rows(level);
}
