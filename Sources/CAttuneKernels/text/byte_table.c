#include "byte_table.h"

#include <stdlib.h>

attune_byte_table *attune_byte_table_create(size_t capacity) {
    if (capacity >= (size_t)1 << 40) return NULL;
    int bits = 4;
    while ((size_t)1 << bits < capacity * 2) bits++;
    attune_byte_table *table = calloc(1, sizeof *table);
    if (!table) return NULL;
    table->mask = ((uint64_t)1 << bits) - 1;
    table->shift = 64 - bits;
    table->slots = calloc((size_t)1 << bits, sizeof *table->slots);
    if (!table->slots) {
        free(table);
        return NULL;
    }
    return table;
}

void attune_byte_table_free(attune_byte_table *table) {
    if (!table) return;
    free(table->slots);
    free(table->arena);
    free(table);
}

size_t attune_byte_table_count(const attune_byte_table *table) { return table->count; }

size_t attune_byte_table_maximum_length(const attune_byte_table *table) { return table->maximum_length; }

static void load_key(const uint8_t *key, size_t length, uint64_t *low, uint64_t *high) {
    *low = *high = 0;
    for (size_t i = 0; i < length; i++) {
        if (i < 8) *low |= (uint64_t)key[i] << 8 * i; else *high |= (uint64_t)key[i] << 8 * (i - 8);
    }
}

static uint64_t long_hash(const uint8_t *key, size_t length) {
    uint64_t hash = length, low, high;
    for (; length >= INLINE_KEY; key += INLINE_KEY, length -= INLINE_KEY) {
        load_key(key, INLINE_KEY, &low, &high);
        hash = hash_of(low ^ hash, high, INLINE_KEY);
    }
    load_key(key, length, &low, &high);
    return hash_of(low ^ hash, high, length);
}

static int is_long_key(
    const attune_byte_table *table, const slot *found, uint64_t hash, const uint8_t *key, size_t length) {
    return (found->meta & 0xFF) == LONG_KEY && found->low == hash && (uint32_t)found->high == length
        && memcmp(table->arena + (found->high >> 32), key, length) == 0;
}

int32_t attune_byte_table_find_long(const attune_byte_table *table, const uint8_t *key, size_t length) {
    uint64_t hash = long_hash(key, length);
    for (uint64_t place = hash >> table->shift; table->slots[place].meta != 0; place = (place + 1) & table->mask) {
        const slot *found = &table->slots[place];
        if (is_long_key(table, found, hash, key, length)) return (int32_t)(found->meta >> 8);
    }
    return -1;
}

int32_t attune_byte_table_find(const attune_byte_table *table, const uint8_t *key, size_t length) {
    if (length > INLINE_KEY) return attune_byte_table_find_long(table, key, length);
    uint64_t low, high;
    load_key(key, length, &low, &high);
    return find_inline(table, low, high, length);
}

/// Keeps a long key; returns where, or -1 where there is no room.
static int64_t keep(attune_byte_table *table, const uint8_t *key, size_t length) {
    if (length > UINT32_MAX - table->arena_count) return -1;
    if (table->arena_count + length > table->arena_capacity) {
        size_t capacity = table->arena_capacity * 2 + length + 64;
        uint8_t *arena = realloc(table->arena, capacity);
        if (!arena) return -1;
        table->arena = arena;
        table->arena_capacity = capacity;
    }
    memcpy(table->arena + table->arena_count, key, length);
    table->arena_count += length;
    return (int64_t)(table->arena_count - length);
}

int32_t attune_byte_table_insert(attune_byte_table *table, const uint8_t *key, size_t length, int32_t value) {
    if (value < 0 || value >= ATTUNE_TOKEN_LIMIT) return -2;
    int is_long = length > INLINE_KEY;
    slot new = {0, 0, (uint32_t)value << 8 | (uint32_t)(is_long ? LONG_KEY : length + 1)};
    if (!is_long) load_key(key, length, &new.low, &new.high);
    uint64_t hash = is_long ? long_hash(key, length) : hash_of(new.low, new.high, length);
    uint64_t place = hash >> table->shift;
    for (const slot *found; (found = &table->slots[place])->meta != 0; place = (place + 1) & table->mask) {
        int is_same = is_long ? is_long_key(table, found, hash, key, length)
                              : found->low == new.low && found->high == new.high && !((found->meta ^ new.meta) & 0xFF);
        if (is_same) return (int32_t)(found->meta >> 8);
    }
    // A free slot must be left: it is what ends a search.
    if (table->count >= table->mask) return -2;
    if (is_long) {
        int64_t start = keep(table, key, length);
        if (start < 0) return -2;
        new.low = hash;
        new.high = (uint64_t)start << 32 | length;
    }
    table->slots[place] = new;
    table->count++;
    if (length > table->maximum_length) table->maximum_length = length;
    return -1;
}
