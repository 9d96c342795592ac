// Properties and mappings of characters, looked up in two stages: a block number, then a place in the block.
#include "../include/attune_text.h"
#include "unicode_tables.h"

uint16_t attune_unicode_properties(uint32_t scalar) {
    if (scalar >= PROPERTY_END) return 0;
    return property_bits[property_values[property_blocks[scalar / BLOCK] * BLOCK + scalar % BLOCK]];
}

/// A scalar of a sequence that is written as `place << 3 | length`.
static uint32_t part(uint32_t sequence, int place) {
    return (uint32_t)place < (sequence & 7) ? scalars[(sequence >> 3) + (uint32_t)place] : 0;
}

uint32_t attune_unicode_decomposition(uint32_t scalar, int place) {
    // Unicode Standard, section 3.12: 19 leading consonants, 21 vowels, 27 trailing consonants or none.
    uint32_t index = scalar - 0xAC00;
    if (index < 19 * 21 * 28) {
        if (place == 0) return 0x1100 + index / (21 * 28);
        if (place == 1) return 0x1161 + index / 28 % 21;
        return place == 2 && index % 28 != 0 ? 0x11A7 + index % 28 : 0;
    }
    if (scalar >= DECOMPOSITION_END) return 0;
    return part(decomposition_values[decomposition_blocks[scalar / BLOCK] * BLOCK + scalar % BLOCK], place);
}

uint32_t attune_unicode_lowercase(uint32_t scalar, int place) {
    if (scalar >= LOWERCASE_END) return 0;
    return part(lowercase_values[lowercase_blocks[scalar / BLOCK] * BLOCK + scalar % BLOCK], place);
}
