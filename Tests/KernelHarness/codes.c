// One-bit codes: every level has the bits of plain C; plain C is held against the definitions.
#include "harness.h"

#include <math.h>
#include <string.h>

// Rotations

/// One round after the other as the header defines them, in double precision.
static void rotate_plainly(const uint8_t *signs, double *x, size_t n) {
    size_t size = 1;
    while (2 * size <= n) size *= 2;
    for (int round = 0; round < ATTUNE_CODE_ROUNDS; round++, signs += n / 8) {
        for (size_t i = 0; i < n; i++) x[i] = signs[i / 8] >> (i % 8) & 1 ? -x[i] : x[i];
        double *part = round % 2 == 0 ? x : x + n - size;
        for (size_t h = 1; h < size; h *= 2) {
            for (size_t i = 0; i < size; i++) {
                if (i & h) continue;
                const double a = part[i], b = part[i + h];
                part[i] = (a + b) * sqrt(0.5);
                part[i + h] = (a - b) * sqrt(0.5);
            }
        }
        for (size_t i = 0; size < n && i < n / 2; i++) {
            const double a = x[i], b = x[i + n / 2];
            x[i] = (a + b) * sqrt(0.5);
            x[i + n / 2] = (a - b) * sqrt(0.5);
        }
    }
}

static void test_rotation(const attune_kernels *level, size_t n, size_t gap) {
    const size_t bytes = n * sizeof(float), sign_bytes = ATTUNE_CODE_ROUNDS * n / 8;
    uint8_t *signs = place(sign_bytes, gap);
    for (size_t i = 0; i < sign_bytes; i++) signs[i] = (uint8_t)random_bits();
    const float *x = place_floats(n, gap, 3);
    float *y = place_copy(x, bytes, 4 * gap), *expected = place_copy(x, bytes, 0);
    double *exact = place(n * sizeof(double), 0), length = 0, error = 0;
    for (size_t i = 0; i < n; i++) {
        exact[i] = x[i];
        length += exact[i] * exact[i];
    }
    begin(level, "code_rotate", n);
    level->code_rotate(signs, y, n);
    reference->code_rotate(signs, expected, n);
    expect_same(y, expected, n, sizeof *y);
    rotate_plainly(signs, exact, n);
    for (size_t i = 0; i < n; i++) error += (y[i] - exact[i]) * (y[i] - exact[i]);
    expect_near(sqrt(error), 0, (4 * (log2((double)n) + 3) + 1) * UNIT * sqrt(length), 0);
    check_guards();
}

// Sums

static uint8_t *place_bytes(size_t n, size_t gap, int constant) {
    uint8_t *bytes = place(n, gap);
    for (size_t i = 0; i < n; i++) bytes[i] = constant >= 0 ? (uint8_t)constant : (uint8_t)random_bits();
    return bytes;
}

/// `constant` fills codes and tables, unless it is negative.
static void test_sums(const attune_kernels *level, size_t columns, size_t blocks, size_t gap, int constant) {
    const uint8_t *tables = place_bytes(16 * columns, gap, constant);
    const size_t size = 16 * columns + gap;
    const uint8_t *codes = place_bytes(blocks * size, gap, constant);
    const size_t bytes = blocks * ATTUNE_CODE_BLOCK * sizeof(uint32_t);
    uint32_t *sums = place(bytes, 4 * gap), *expected = place(bytes, 0);
    begin(level, "code_sums", columns);
    level->code_sums(tables, columns, codes, size, blocks, sums, codes);
    reference->code_sums(tables, columns, codes, size, blocks, expected, NULL);
    expect_same(sums, expected, blocks * ATTUNE_CODE_BLOCK, sizeof *sums);
    for (size_t i = 0; constant == 255 && i < blocks * ATTUNE_CODE_BLOCK; i++) {
        expect_near(sums[i], 255.0 * (double)columns, 0, i);
    }
    check_guards();
}

// Packing and tables, which have one version

static void test_packing(size_t width, size_t count) {
    const size_t stride = width + 3;
    float *rows = place_floats(count * stride, 0, 1);
    for (size_t i = 0; i < count; i++) rows[i * stride + i % width] = i % 2 ? 0.0f : -0.0f;
    uint8_t *codes = place(4 * width, 0), *bits = place(width / 8, 0);
    begin(NULL, "attune_code_pack", width);
    attune_code_pack(rows, stride, count, width, codes);
    for (size_t vector = 0; vector < ATTUNE_CODE_BLOCK; vector++) {
        attune_code_unpack(codes, vector, width, bits);
        for (size_t i = 0; i < width; i++) {
            const int expected = vector < count && rows[vector * stride + i] > 0;
            expect_near(bits[i / 8] >> (i % 8) & 1, expected, 0, vector * width + i);
        }
    }
    check_guards();
}

static void test_tables(const attune_kernels *level, size_t width, float scale) {
    float *query = place_floats(width, 0, scale), step, offset, error;
    uint8_t *tables = place(4 * width, 0), *codes = place(4 * width, 0), *bits = place(width / 8, 0);
    uint8_t *expected = place(4 * width, 0);
    float numbers[3], *found[3] = {&step, &offset, &error};
    begin(level, "code_tables", width);
    level->code_tables(query, width, tables, &step, &offset, &error);
    reference->code_tables(query, width, expected, &numbers[0], &numbers[1], &numbers[2]);
    expect_same(tables, expected, 4 * width, 1);
    for (int i = 0; i < 3; i++) expect_same(found[i], &numbers[i], 1, sizeof(float));
    for (size_t i = 0; i < 4 * width; i++) codes[i] = (uint8_t)random_bits();
    uint32_t *sums = place(ATTUNE_CODE_BLOCK * sizeof(uint32_t), 0);
    level->code_sums(tables, width / 4, codes, 4 * width, 1, sums, NULL);
    double magnitude = 0, worst = 0;
    for (size_t i = 0; i < width; i++) magnitude += fabs(query[i]);
    for (size_t vector = 0; vector < ATTUNE_CODE_BLOCK; vector++) {
        attune_code_unpack(codes, vector, width, bits);
        double product = 0;
        for (size_t i = 0; i < width; i++) product += (bits[i / 8] >> (i % 8) & 1 ? 1 : -1) * (double)query[i];
        const double difference = fabs((double)step * sums[vector] + offset - product);
        expect_near(difference, 0, error + 8 * UNIT * magnitude, vector);
        worst = fmax(worst, difference);
    }
    // Half a step a column is the most there can be, where there is a step.
    if (step > 0) expect_near(error, 0, 0.5001 * step * (double)(width / 4) + 8 * UNIT * magnitude, 0);
    check_guards();
}

// Scans

static void test_scan(const attune_kernels *level, size_t width, size_t count, int has_addends, int is_filtered) {
    const size_t blocks = (count + ATTUNE_CODE_BLOCK - 1) / ATTUNE_CODE_BLOCK;
    const size_t size = attune_code_block_size(width, has_addends);
    uint8_t *codes = place_bytes(blocks * size, 0, -1);
    const float root = sqrtf((float)width);
    for (size_t i = 0; i < blocks; i++) {
        float *factors = (float *)(codes + i * size + 4 * width);
        for (size_t j = 0; j < ATTUNE_CODE_BLOCK; j++) {
            const float length = 1 + random_float(0.5f);
            const int is_kept = random_bits() % 16 == 0;
            factors[j] = is_kept ? 0 : length * length;
            factors[ATTUNE_CODE_BLOCK + j] = is_kept ? 0 : length / root * (1.25f + random_float(0.2f));
            if (has_addends) factors[2 * ATTUNE_CODE_BLOCK + j] = random_float(1);
        }
    }
    const float *query = place_floats(width, 0, sqrtf(3 / (float)width));
    uint8_t *tables = place(4 * width, 0);
    attune_code_query q = {
        .tables = tables, .columns = width / 4, .has_addends = has_addends, .addend_scale = has_addends ? -1e-5f : 0.5f,
        .rescale_square = (float)width, .length_square = 1.1f, .spread = 4 / (float)(width - 1)};
    float error;
    reference->code_tables(query, width, tables, &q.step, &q.offset, &error);
    q.offset += error;
    uint32_t *eligible = place(blocks * sizeof(uint32_t), 0);
    for (size_t i = 0; i < blocks; i++) eligible[i] = i % 5 == 4 ? 0 : (uint32_t)random_bits();
    const float thresholds[] = {-INFINITY, -1, 0, 0.3f, 0.6f, 1, INFINITY, NAN};
    uint32_t *rows = place(count * sizeof *rows, 0), *wanted = place(count * sizeof *rows, 0);
    float *reaches = place(count * sizeof *reaches, 0), *expected = place(count * sizeof *reaches, 0);
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        begin(level, "code_scan", width);
        q.threshold = thresholds[i];
        const uint32_t *mask = is_filtered ? eligible : NULL;
        const size_t kept = level->code_scan(&q, codes, count, mask, rows, reaches);
        const size_t all = reference->code_scan(&q, codes, count, mask, wanted, expected);
        expect_near((double)kept, (double)all, 0, i);
        expect_same(rows, wanted, kept, sizeof *rows);
        expect_same(reaches, expected, kept, sizeof *reaches);
        if (i == 0) {
            size_t eligible_count = 0;
            for (size_t row = 0; row < count; row++) {
                eligible_count += !mask || (mask[row / ATTUNE_CODE_BLOCK] >> (row % ATTUNE_CODE_BLOCK) & 1);
            }
            expect_near((double)kept, (double)eligible_count, 0, 0);
        }
        // Sifting what a threshold kept keeps what a scan with the next one keeps.
        if (i + 1 < sizeof thresholds / sizeof *thresholds && thresholds[i] < 1) {
            q.threshold = thresholds[i + 1];
            const size_t sifted = attune_code_sift(&q, codes, size, rows, reaches, kept);
            const size_t next = reference->code_scan(&q, codes, count, mask, wanted, expected);
            expect_near((double)sifted, (double)next, 0, i);
            expect_same(rows, wanted, sifted, sizeof *rows);
        }
    }
    check_guards();
}

void test_codes(const attune_kernels *level) {
    static const size_t widths[] = {64, 128, 192, 320, 384, 448, 768, 832, 1024, 1088, 2048, 4160, 8192};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const size_t width = widths[i];
        for (size_t gap = 0; gap < 3; gap++) test_rotation(level, width, gap);
        test_sums(level, width / 4, 3, 0, -1);
        test_packing(width, 1 + i * 31 % 32);
        test_packing(width, width > 4160 ? 24 : 32);
        test_tables(level, width, 1);
        test_tables(level, width, 0);
        test_tables(level, width, 1e-30f);
        test_tables(level, width, 1e-37f);
        for (int form = 0; form < 4; form++) test_scan(level, width, width > 2048 ? 33 : 150 + i, form & 1, form >> 1);
    }
    for (size_t columns = 0; columns <= 130; columns++) test_sums(level, columns, 2, columns % 3, -1);
    // Past what 16 bits hold: 1024 coordinates and more, every sum the largest.
    static const size_t limits[] = {256, 257, 258, 512, 513, 2048};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) test_sums(level, limits[i], 2, i % 2, 255);
}
