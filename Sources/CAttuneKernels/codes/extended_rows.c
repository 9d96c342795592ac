// Making the codes of several bits, and reading them back.
//
// Numeric policy: float32 without contraction, sums in 16 lanes that are added up in pairs: the same bits on all processors.
#include "extended.h"

#pragma STDC FP_CONTRACT OFF

enum { LANES = 16 };

static float total(float s[LANES]) {
    for (int n = LANES / 2; n > 0; n /= 2) {
        for (int i = 0; i < n; i++) s[i] += s[i + n];
    }
    return s[0];
}

static uint16_t bfloat16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// The steps of the best uniform quantizers of normal numbers, by their bits beside the sign (Max, "Quantizing for minimum distortion",
/// 1960, doi:10.1109/TIT.1960.1057548).
static const float steps[ATTUNE_EXTENDED_MOST + 1] = {1.596f, 0.9957f, 0.586f, 0.3352f, 0.1881f, 0.1041f, 0.0569f, 0.0308f};
/// What is tried around these.
static const float tries[] = {1.0f, 0.94f, 1.06f, 0.88f, 1.13f, 0.8f, 1.22f, 0.7f, 1.35f};
/// The square of the cosine between a normal vector and its code.
static const float cosines[ATTUNE_EXTENDED_MOST + 1] = {0.6366f, 0.8812f, 0.9626f, 0.9885f, 0.9965f, 0.9990f, 0.9997f, 0.9999f};

/// <u, |v|> and |u|² of the code that a t makes.
static void measure(const float *v, size_t width, float t, float most, float *product, float *square) {
    float products[LANES] = {0}, squares[LANES] = {0};
    for (size_t i = 0; i < width; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const float x = fabsf(v[i + lane]), scaled = t * x;
            const float u = (float)(int)(scaled < most ? scaled : most) + 0.5f;
            products[lane] += u * x;
            squares[lane] += u * u;
        }
    }
    *product = total(products);
    *square = total(squares);
}

static float best_scale(const float *v, size_t width, int bits, float deviation, float largest) {
    const float most = (float)((1 << bits) - 1);
    float best = 0, best_t = 0;
    for (size_t i = 0; i <= sizeof tries / sizeof tries[0]; i++) {
        // The last one cuts nothing off.
        const int is_last = i == sizeof tries / sizeof tries[0];
        const float t = is_last ? (most + 1) * 0x1.fffffcp-1f / largest : tries[i] / (steps[bits] * deviation);
        float product, square;
        measure(v, width, t, most, &product, &square);
        const float quality = product * product / square;
        if (quality > best) {
            best = quality;
            best_t = t;
        }
    }
    return best_t;
}

/// Writes the low bits of 64 codes.
static void pack(const uint8_t *codes, int bits, uint8_t *out) {
    memset(out, 0, (size_t)(8 * bits));
    int shift = bits;
    if (bits & 4) {
        shift -= 4;
        for (int i = 0; i < 64; i++) out[i % 32] |= (uint8_t)((codes[i] >> shift & 15) << i / 32 * 4);
        out += 32;
    }
    if (bits & 2) {
        shift -= 2;
        for (int i = 0; i < 64; i++) out[i % 16] |= (uint8_t)((codes[i] >> shift & 3) << i / 16 * 2);
        out += 16;
    }
    if (bits & 1) {
        for (int i = 0; i < 64; i++) out[i / 8] |= (uint8_t)((codes[i] & 1) << i % 8);
    }
}

static uint8_t *code_of(uint8_t *body, size_t slot, size_t width) {
    const size_t in_block = slot % ATTUNE_CODE_BLOCK;
    return body + slot / ATTUNE_CODE_BLOCK * attune_extended_block_size(width) + 2 * (in_block % 8) + in_block / 8 % 2;
}

static uint32_t *factors_of(uint8_t *body, size_t slot, size_t width) {
    return (uint32_t *)(body + slot / ATTUNE_CODE_BLOCK * attune_extended_block_size(width) + 4 * width)
        + slot % ATTUNE_CODE_BLOCK;
}

void attune_extended_put(
    uint8_t *body, size_t count, size_t slot, const float *v, const float *centre, float addend, size_t width,
    int bits, float *scratch) {
    float squares[LANES] = {0}, magnitudes[LANES] = {0}, centres[LANES] = {0}, largest = 0;
    for (size_t i = 0; i < width; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const float x = v[i + lane], c = centre[i + lane];
            squares[lane] += x * x;
            magnitudes[lane] += fabsf(x);
            centres[lane] += x > 0 ? c : -c;
        }
    }
    for (size_t i = 0; i < width; i++) largest = fabsf(v[i]) > largest ? fabsf(v[i]) : largest;
    const float square = total(squares), magnitude = total(magnitudes);
    uint8_t *code = code_of(body, slot, width);
    const int shift = slot % ATTUNE_CODE_BLOCK < 16 ? 0 : 4;
    for (size_t i = 0; i < width; i += 4, code += 16) {
        const int word = (v[i] > 0) | (v[i + 1] > 0) << 1 | (v[i + 2] > 0) << 2 | (v[i + 3] > 0) << 3;
        *code = (uint8_t)((*code & ~(15 << shift)) | word << shift);
    }
    // The rounded second factor goes into the first: together they err in proportion to what the query's distance is.
    const uint32_t low = bfloat16(magnitude > 0 ? -2 * (square / magnitude) : 0);
    const float second = bfloat16_low(low);
    *factors_of(body, slot, width) = (uint32_t)bfloat16(square - second * total(centres) + addend) << 16 | low;

    const float most = (float)((1 << bits) - 1), deviation = sqrtf(square / (float)width);
    float t = 0;
    if (bits > 0 && deviation > 0x1p-60f) t = best_scale(v, width, bits, deviation, largest);
    uint8_t *row = body + attune_extended_rows(width, count) + slot * attune_extended_row_size(width, bits);
    float products[LANES] = {0}, centre_products[LANES] = {0};
    for (size_t i = 0; i < width; i += 64) {
        uint8_t codes[64];
        for (size_t j = 0; j < 64; j++) {
            const float x = v[i + j], scaled = t * fabsf(x), magnitude_code = (float)(int)(scaled < most ? scaled : most);
            const float u = x > 0 ? magnitude_code + 0.5f : -magnitude_code - 0.5f;
            scratch[i + j] = u;
            codes[j] = (uint8_t)(x > 0 ? (int)magnitude_code : (int)most - (int)magnitude_code);
        }
        pack(codes, bits, row + i / 8 * (size_t)bits);
    }
    for (size_t i = 0; i < width; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            products[lane] += scratch[i + lane] * v[i + lane];
            centre_products[lane] += scratch[i + lane] * centre[i + lane];
        }
    }
    const float product = total(products), rescale = product > 0 ? square / product : 0;
    const float factors[2] = {square + 2 * rescale * total(centre_products) + addend, -2 * rescale};
    memcpy(row + width / 8 * (size_t)bits, factors, sizeof factors);
}

void attune_extended_clear(uint8_t *body, size_t count, size_t width) {
    memset(body, 0, attune_extended_rows(width, count));
}

void attune_extended_copy(
    uint8_t *to, size_t to_count, size_t to_slot, const uint8_t *from, size_t from_count, size_t from_slot,
    size_t width, int bits) {
    const uint8_t *source = code_of((uint8_t *)from, from_slot, width);
    uint8_t *target = code_of(to, to_slot, width);
    const int up = from_slot % ATTUNE_CODE_BLOCK < 16 ? 0 : 4, down = to_slot % ATTUNE_CODE_BLOCK < 16 ? 0 : 4;
    for (size_t i = 0; i < width; i += 4, source += 16, target += 16) {
        *target = (uint8_t)((*target & ~(15 << down)) | (*source >> up & 15) << down);
    }
    *factors_of(to, to_slot, width) = *factors_of((uint8_t *)from, from_slot, width);
    const size_t size = attune_extended_row_size(width, bits);
    memcpy(
        to + attune_extended_rows(width, to_count) + to_slot * size,
        from + attune_extended_rows(width, from_count) + from_slot * size, size);
}

/// u of a slot; returns its factors.
static void read(
    const uint8_t *body, size_t count, size_t slot, size_t width, int bits, float *u, float factors[2]) {
    const uint8_t *code = code_of((uint8_t *)body, slot, width);
    const int shift = slot % ATTUNE_CODE_BLOCK < 16 ? 0 : 4;
    const uint8_t *row = body + attune_extended_rows(width, count) + slot * attune_extended_row_size(width, bits);
    const int top = 1 << bits;
    memcpy(factors, row + width / 8 * (size_t)bits, 8);
    for (size_t i = 0; i < width; i += 64, row += 8 * bits) {
        uint8_t codes[64] = {0};
        const uint8_t *plane = row;
        if (bits & 4) {
            for (int j = 0; j < 64; j++) codes[j] = plane[j % 32] >> j / 32 * 4 & 15;
            plane += 32;
        }
        if (bits & 2) {
            for (int j = 0; j < 64; j++) codes[j] = (uint8_t)(codes[j] << 2 | (plane[j % 16] >> j / 16 * 2 & 3));
            plane += 16;
        }
        if (bits & 1) {
            for (int j = 0; j < 64; j++) codes[j] = (uint8_t)(codes[j] << 1 | (plane[j / 8] >> j % 8 & 1));
        }
        for (int j = 0; j < 64; j += 4, code += 16) {
            const int word = *code >> shift;
            for (int n = 0; n < 4; n++) {
                u[i + (size_t)(j + n)] = (float)(codes[j + n] + (word >> n & 1) * top) + (0.5f - (float)top);
            }
        }
    }
}

float attune_extended_decode(const uint8_t *body, size_t count, size_t slot, size_t width, int bits, float *u) {
    float factors[2];
    read(body, count, slot, width, bits, u, factors);
    return factors[1] * -0.5f * cosines[bits];
}

float attune_extended_estimate(
    const attune_partitions *p, const attune_extended_query *query, float base, uint32_t partition, uint32_t slot,
    float *scratch) {
    float factors[2], sums[LANES] = {0};
    read(p->bodies[partition], p->sizes[partition], slot, p->width, p->bits, scratch, factors);
    for (size_t i = 0; i < p->width; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) sums[lane] += scratch[i + lane] * query->vector[i + lane];
    }
    return base + (factors[0] + factors[1] * total(sums));
}

void attune_extended_half(const attune_kernels *kernels, const float *x, size_t count, uint16_t *half) {
    enum { PART = 64 };
    for (size_t i = 0; i < count; i += PART) {
        const size_t here = count - i < PART ? count - i : PART;
        float part[PART];
        for (size_t j = 0; j < here; j++) part[j] = x[i + j] < -65504 ? -65504 : x[i + j] > 65504 ? 65504 : x[i + j];
        kernels->float32_to_float16(part, half + i, here);
    }
}
