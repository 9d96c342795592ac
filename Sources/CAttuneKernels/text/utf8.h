// UTF-8, one character at a time. Bytes that are not valid give wrong characters, but no access outside of them.
#ifndef ATTUNE_UTF8_H
#define ATTUNE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/// The character at `at`, and how many bytes it has; none is above 10FFFF.
static inline uint32_t utf8_read(const uint8_t *at, const uint8_t *end, size_t *length) {
    uint32_t first = at[0];
    size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if ((size_t)(end - at) < bytes) {
        *length = 1;
        return 0xFFFD;
    }
    *length = bytes;
    switch (bytes) {
    case 1: return first;
    case 2: return (first & 0x1F) << 6 | (at[1] & 0x3F);
    case 3: return (first & 0x0F) << 12 | (uint32_t)(at[1] & 0x3F) << 6 | (at[2] & 0x3F);
    default: {
        uint32_t scalar = (first & 0x07) << 18 | (uint32_t)(at[1] & 0x3F) << 12 | (uint32_t)(at[2] & 0x3F) << 6
            | (at[3] & 0x3F);
        return scalar > 0x10FFFF ? 0x10FFFF : scalar;
    }
    }
}

/// Writes a scalar of at most 10FFFF; returns how many bytes.
static inline size_t utf8_write(uint32_t scalar, uint8_t *out) {
    if (scalar < 0x80) {
        out[0] = (uint8_t)scalar;
        return 1;
    }
    if (scalar < 0x800) {
        out[0] = (uint8_t)(0xC0 | scalar >> 6);
        out[1] = (uint8_t)(0x80 | (scalar & 0x3F));
        return 2;
    }
    if (scalar < 0x10000) {
        out[0] = (uint8_t)(0xE0 | scalar >> 12);
        out[1] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (scalar & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | scalar >> 18);
    out[1] = (uint8_t)(0x80 | (scalar >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (scalar & 0x3F));
    return 4;
}

#endif
