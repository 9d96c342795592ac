// SHA-256: padding and buffering, and the compression of a block in plain C. The one with instructions is in sha256_ni.c.
#include "sha256.h"

#include <string.h>

static const uint32_t initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

const uint32_t attune_sha256_constants[64] __attribute__((aligned(64))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void compress_portable(uint32_t state[8], const uint8_t *p, size_t blocks) {
    for (; blocks > 0; blocks--, p += 64) {
        uint32_t w[64];
        for (int i = 0; i < 16; i++) w[i] = big_endian(p + 4 * i);
        for (int i = 16; i < 64; i++) {
            uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
            uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        for (int i = 0; i < 64; i++) {
            uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
            uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + attune_sha256_constants[i] + w[i];
            uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
            uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }
}

static void compress(attune_sha256 *context, const uint8_t *p, size_t blocks) {
    if (context->portable) {
        compress_portable(context->state, p, blocks);
    } else {
        attune_sha256_compress_ni(context->state, p, blocks);
    }
}

void attune_sha256_init(attune_sha256 *context) {
    memset(context, 0, sizeof *context);
    memcpy(context->state, initial_state, sizeof initial_state);
    context->portable = !attune_sha256_has_instructions();
}

void attune_sha256_update(attune_sha256 *context, const void *bytes, size_t count) {
    if (count == 0) return;
    const uint8_t *p = bytes;
    size_t held = context->count % 64;
    context->count += count;
    if (held > 0) {
        size_t part = 64 - held < count ? 64 - held : count;
        memcpy(context->pending + held, p, part);
        p += part, count -= part;
        if (held + part < 64) return;
        compress(context, context->pending, 1);
    }
    compress(context, p, count / 64);
    p += count / 64 * 64;
    if (count % 64 > 0) memcpy(context->pending, p, count % 64);
}

void attune_sha256_final(attune_sha256 *context, uint8_t *digest) {
    size_t held = context->count % 64;
    uint64_t bits = context->count * 8;
    context->pending[held++] = 0x80;
    if (held > 56) {
        memset(context->pending + held, 0, 64 - held);
        compress(context, context->pending, 1);
        held = 0;
    }
    memset(context->pending + held, 0, 56 - held);
    for (int i = 0; i < 8; i++) context->pending[56 + i] = (uint8_t)(bits >> (56 - 8 * i));
    compress(context, context->pending, 1);
    for (int i = 0; i < 8; i++) {
        for (int b = 0; b < 4; b++) digest[4 * i + b] = (uint8_t)(context->state[i] >> (24 - 8 * b));
    }
}
