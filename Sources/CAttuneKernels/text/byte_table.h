// A hash table of byte strings: open addressing, linear probing. Keys of up to 16 bytes lie in the slots, so that a lookup
// is one masked load, one multiplication and as a rule one cache line; longer keys lie in an arena.
#ifndef ATTUNE_BYTE_TABLE_H
#define ATTUNE_BYTE_TABLE_H

#include "../include/attune_text.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a key's first byte is the lowest of its number");

#define INLINE_KEY 16
/// In the low byte of `meta`: the key lies in the arena.
#define LONG_KEY 0xFF

typedef struct slot {
    /// The key padded with zeros; of a long key its hash, and `start << 32 | length`.
    uint64_t low, high;
    /// `value << 8 | length + 1`; 0 marks a free slot.
    uint32_t meta;
} slot;

struct attune_byte_table {
    slot *slots;
    uint64_t mask;
    int shift;
    size_t count, maximum_length;
    uint8_t *arena;
    size_t arena_count, arena_capacity;
};

/// One multiplication of 64 by 64 bits, both halves of the product folded (as in wyhash).
static inline uint64_t hash_of(uint64_t low, uint64_t high, size_t length) {
    __extension__ typedef unsigned __int128 product;
    product mixed = (product)(low ^ 0x9E3779B97F4A7C15u) * (high ^ length ^ 0xD6E8FEB86659FD93u);
    return (uint64_t)mixed ^ (uint64_t)(mixed >> 64);
}

/// The number of a key of at most 16 bytes, given padded with zeros.
static inline int32_t find_inline(const attune_byte_table *table, uint64_t low, uint64_t high, size_t length) {
    uint64_t place = hash_of(low, high, length) >> table->shift;
    for (;;) {
        const slot *found = &table->slots[place];
        if (found->low == low && found->high == high && (found->meta & 0xFF) == length + 1) {
            return (int32_t)(found->meta >> 8);
        }
        if (found->meta == 0) return -1;
        place = (place + 1) & table->mask;
    }
}

int32_t attune_byte_table_find_long(const attune_byte_table *table, const uint8_t *key, size_t length);

/// The tokens of a finished vocabulary.
const attune_byte_table *attune_vocabulary_table(const attune_vocabulary *vocabulary);

#endif
