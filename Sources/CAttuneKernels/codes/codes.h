// What the kernels of one-bit codes share: the layout of a block, and the loop of a scan.
#ifndef ATTUNE_CODES_CODES_H
#define ATTUNE_CODES_CODES_H

#include "../kernel_list.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

/// 2^(-log2(size)/2) for a power of two: the factor that makes a Hadamard transform keep lengths.
ATTUNE_INLINE float hadamard_factor(size_t size) {
    float factor = 1;
    for (; size > 2; size /= 4) factor *= 0.5f;
    return size == 2 ? factor * 0x1.6a09e6p-1f : factor;
}

/// The largest power of two that is at most n > 0.
ATTUNE_INLINE size_t power_below(size_t n) { return (size_t)1 << (63 - __builtin_clzll(n)); }

/// A rotation, made of the steps of one instruction set. `flip` multiplies by a sign and a factor, `transform` is a
/// Hadamard transform without a factor (strides from the largest to 1), `fold` makes (x + y, x - y) of two halves and
/// multiplies them by a factor.
#define ATTUNE_ROTATION(isa, attribute, flip, transform, fold)                                                         \
    attribute void attune_code_rotate_##isa(const uint8_t *signs, float *x, size_t n) {                                \
        const size_t size = power_below(n), rest = n - size;                                                           \
        const float factor = hadamard_factor(size);                                                                    \
        for (int round = 0; round < ATTUNE_CODE_ROUNDS; round++, signs += n / 8) {                                     \
            float *part = round % 2 == 0 ? x : x + rest;                                                               \
            if (round % 2 == 0) {                                                                                      \
                flip(signs, x, size, factor);                                                                          \
                flip(signs + size / 8, x + size, rest, 1);                                                             \
            } else {                                                                                                   \
                flip(signs, x, rest, 1);                                                                               \
                flip(signs + rest / 8, part, size, factor);                                                            \
            }                                                                                                          \
            transform(part, size);                                                                                     \
            /* Four factors of sqrt(1/2) at once, where they are exact. */                                             \
            if (rest > 0) fold(x, x + n / 2, n / 2, round == ATTUNE_CODE_ROUNDS - 1 ? 0.25f : 1);                      \
        }                                                                                                              \
    }

/// The steps of a rotation in plain C.
ATTUNE_INLINE void flip_plain(const uint8_t *signs, float *x, size_t n, float factor) {
    for (size_t i = 0; i < n; i++) x[i] *= signs[i / 8] >> (i % 8) & 1 ? -factor : factor;
}

ATTUNE_INLINE void transform_plain(float *x, size_t n) {
    for (size_t h = n / 2; h > 0; h /= 2) {
        for (size_t i = 0; i < n; i += 2 * h) {
            for (size_t j = i; j < i + h; j++) {
                const float a = x[j], b = x[j + h];
                x[j] = a + b;
                x[j + h] = a - b;
            }
        }
    }
}

ATTUNE_INLINE void fold_plain(float *x, float *y, size_t n, float factor) {
    for (size_t i = 0; i < n; i++) {
        const float a = x[i], b = y[i];
        x[i] = (a + b) * factor;
        y[i] = (a - b) * factor;
    }
}

/// A scan, made of what one instruction set finds in a block: `reach` fills 32 floats and returns the rows that are not
/// ruled out.
#define ATTUNE_CODE_SCAN(isa, attribute, reach)                                                                        \
    attribute size_t attune_code_scan_##isa(                                                                           \
        const attune_code_query *query, const uint8_t *blocks, size_t count, const uint32_t *eligible, uint32_t *rows, \
        float *reaches) {                                                                                              \
        const attune_code_query q = *query;                                                                            \
        const size_t size = attune_code_block_size(4 * q.columns, q.has_addends);                                      \
        size_t kept = 0;                                                                                               \
        for (size_t first = 0; first < count; first += ATTUNE_CODE_BLOCK, blocks += size) {                            \
            uint32_t wanted = count - first < ATTUNE_CODE_BLOCK ? (1u << (count - first)) - 1 : ~0u;                   \
            if (eligible) wanted &= eligible[first / ATTUNE_CODE_BLOCK];                                               \
            if (wanted == 0) continue;                                                                                 \
            float found[ATTUNE_CODE_BLOCK];                                                                            \
            wanted &= reach(&q, blocks, found);                                                                        \
            for (; wanted != 0; wanted &= wanted - 1) {                                                                \
                const uint32_t row = (uint32_t)__builtin_ctz(wanted);                                                  \
                rows[kept] = (uint32_t)first + row;                                                                    \
                reaches[kept++] = found[row];                                                                          \
            }                                                                                                          \
        }                                                                                                              \
        return kept;                                                                                                   \
    }

/// Half the width of a column: its sums of four coordinates with signs go from minus that to that.
ATTUNE_INLINE float column_half(const float *x) {
    return (fabsf(x[0]) + fabsf(x[1])) + (fabsf(x[2]) + fabsf(x[3]));
}

/// Tables, made of what one instruction set does with a column: `fill` writes the 16 entries
/// (sum + half) * per_unit + 0.5, cut to whole numbers, and returns the largest |entry * unit - (sum + half)|.
#define ATTUNE_CODE_TABLES(isa, attribute, fill)                                                                       \
    attribute void attune_code_tables_##isa(                                                                           \
        const float *query, size_t width, uint8_t *tables, float *step, float *offset, float *error) {                 \
        float largest = 0;                                                                                             \
        for (size_t i = 0; i < width; i += 4) {                                                                        \
            const float half = column_half(query + i);                                                                 \
            largest = half > largest ? half : largest;                                                                 \
        }                                                                                                              \
        /* From the smallest sum of the widest column to its largest. Where there is no reciprocal, all entries are 0. */ \
        const float unit = largest > 0x1p-100f ? largest * (2.0f / 255) : 0, per_unit = unit > 0 ? 1 / unit : 0;       \
        double offsets = 0, errors = 0;                                                                                \
        for (size_t i = 0; i < width; i += 4, tables += 16) {                                                          \
            const float half = column_half(query + i);                                                                 \
            offsets -= (double)half;                                                                                   \
            errors += (double)fill(query + i, half, unit, per_unit, tables);                                           \
        }                                                                                                              \
        *step = unit;                                                                                                  \
        *offset = (float)offsets;                                                                                      \
        *error = (float)errors;                                                                                        \
    }

/// The same in plain C.
ATTUNE_INLINE float fill_column(const float *x, float half, float unit, float per_unit, uint8_t *table) {
    float sums[16], worst = 0;
    sums[0] = -((x[0] + x[1]) + (x[2] + x[3]));
    for (size_t bit = 0, count = 1; bit < 4; bit++, count *= 2) {
        const float twice = 2 * x[bit];
        for (size_t i = 0; i < count; i++) sums[count + i] = sums[i] + twice;
    }
    for (size_t i = 0; i < 16; i++) {
        const float value = sums[i] + half;
        const int entry = (int)(value * per_unit + 0.5f);
        const float difference = fabsf((float)entry * unit - value);
        table[i] = (uint8_t)entry;
        worst = difference > worst ? difference : worst;
    }
    return worst;
}

/// The number below which lies what a row's code says of <v, w>, less the row's own part of the test; and whether the code
/// does not rule it out. The operations and their order are those of every instruction set, so the bits are too.
ATTUNE_INLINE int code_reaches(
    const attune_code_query *q, float square, float rescale, float addend, float reach) {
    const float addends = q->addend_scale * square + addend;
    const float t = addends + q->threshold, gap = q->threshold - reach, positive = t > 0 ? t : 0;
    const float spread = q->spread * (q->rescale_square * (rescale * rescale) - square);
    const float rest = q->length_square * square - positive * positive;
    return !(gap > 0 && gap * gap * square > spread * rest);
}

#endif
