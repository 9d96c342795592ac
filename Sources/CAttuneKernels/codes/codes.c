// What making codes and tables needs besides the kernels: plain C that the compiler may vectorise, the same for every
// instruction set. Sums have one order, so that equal vectors have equal codes on all processors.
#include "codes.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { LANES = 8 };

static double total(const double sums[LANES]) {
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

void attune_code_residual(
    const float *row, const float *centre, size_t n, size_t width, float scale, float *out) {
    for (size_t i = 0; i < n; i++) out[i] = (row[i] - centre[i]) * scale;
    memset(out + n, 0, (width - n) * sizeof *out);
}

void attune_code_norms(const float *x, size_t n, double *squares, double *magnitudes) {
    double a[LANES] = {0}, b[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const double v = x[i + lane];
            a[lane] += v * v;
            b[lane] += fabs(v);
        }
    }
    for (size_t lane = 0; i < n; i++, lane++) {
        const double v = x[i];
        a[lane] += v * v;
        b[lane] += fabs(v);
    }
    *squares = total(a);
    *magnitudes = total(b);
}

double attune_code_dot(const float *a, const float *b, size_t n) {
    double sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) sums[lane] += (double)a[i + lane] * (double)b[i + lane];
    }
    for (size_t lane = 0; i < n; i++, lane++) sums[lane] += (double)a[i] * (double)b[i];
    return total(sums);
}

void attune_code_add_columns(const float *rows, size_t stride, size_t count, size_t n, double *sums) {
    for (size_t row = 0; row < count; row++, rows += stride) {
        for (size_t i = 0; i < n; i++) sums[i] += (double)rows[i];
    }
}

void attune_code_pack(const float *rows, size_t stride, size_t count, size_t width, uint8_t *codes) {
    memset(codes, 0, 4 * width);
    for (size_t vector = 0; vector < count; vector++) {
        const float *x = rows + vector * stride;
        uint8_t *code = codes + 2 * (vector % 8) + vector / 8 % 2;
        const int shift = vector < 16 ? 0 : 4;
        for (size_t i = 0; i < width; i += 4, code += 16) {
            const int bits = (x[i] > 0) | (x[i + 1] > 0) << 1 | (x[i + 2] > 0) << 2 | (x[i + 3] > 0) << 3;
            *code |= (uint8_t)(bits << shift);
        }
    }
}

void attune_code_unpack(const uint8_t *codes, size_t vector, size_t width, uint8_t *bits) {
    const uint8_t *code = codes + 2 * (vector % 8) + vector / 8 % 2;
    const int shift = vector < 16 ? 0 : 4;
    for (size_t i = 0; i < width / 8; i++, code += 32) {
        bits[i] = (uint8_t)((code[0] >> shift & 15) | (code[16] >> shift & 15) << 4);
    }
}

size_t attune_code_sift(
    const attune_code_query *query, const uint8_t *blocks, size_t block_size, uint32_t *rows, float *reaches,
    size_t count) {
    const attune_code_query q = *query;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t row = rows[i];
        const float reach = reaches[i];
        const float *factors = (const float *)(blocks + row / ATTUNE_CODE_BLOCK * block_size + 16 * q.columns);
        const float *own = factors + row % ATTUNE_CODE_BLOCK;
        const float addend = q.has_addends ? own[2 * ATTUNE_CODE_BLOCK] : 0;
        rows[kept] = row;
        reaches[kept] = reach;
        kept += (size_t)code_reaches(&q, own[0], own[ATTUNE_CODE_BLOCK], addend, reach);
    }
    return kept;
}

void attune_code_prefetch(const void *bytes, size_t count) { attune_fetch(bytes, count); }
