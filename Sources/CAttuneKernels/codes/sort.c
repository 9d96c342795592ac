// Sorting what was found.
#include "sort.h"
#include "graph.h"

/// An entry as it comes, and as one number in the order of entries: the bits of its distance, below them its number.
typedef struct __attribute__((may_alias)) sorted_entry {
    float distance;
    uint32_t number;
} sorted_entry;
typedef uint64_t __attribute__((may_alias, aligned(4))) entry_key;

enum { FEW_KEYS = 12 };

/// Quicksort: a branch that cannot be foretold, as comparing functions have it, costs more than the exchange it avoids.
static void sort_keys(entry_key *keys, size_t count) {
    while (count > FEW_KEYS) {
        const uint64_t a = keys[0], b = keys[count / 2], c = keys[count - 1];
        const uint64_t low = a < b ? a : b, high = a < b ? b : a;
        const uint64_t pivot = c < low ? low : c > high ? high : c;
        keys[pivot == a ? 0 : pivot == b ? count / 2 : count - 1] = c;
        keys[count - 1] = pivot;
        size_t below = 0;
        for (size_t i = 0; i + 1 < count; i++) {
            const uint64_t key = keys[i];
            keys[i] = keys[below];
            keys[below] = key;
            below += key < pivot;
        }
        keys[count - 1] = keys[below];
        keys[below] = pivot;
        // The smaller part by a call, so that the stack stays short.
        const size_t after = below + 1, above = count - after;
        if (below < above) {
            sort_keys(keys, below);
            keys += after;
            count = above;
        } else {
            sort_keys(keys + after, above);
            count = below;
        }
    }
    for (size_t i = 1; i < count; i++) {
        const uint64_t key = keys[i];
        size_t place = i;
        for (; place > 0 && keys[place - 1] > key; place--) keys[place] = keys[place - 1];
        keys[place] = key;
    }
}

void attune_sort_by_distance(void *entries, size_t count) {
    sorted_entry *own = entries;
    entry_key *keys = entries;
    for (size_t i = 0; i < count; i++) {
        const sorted_entry entry = own[i];
        keys[i] = (uint64_t)order_of(entry.distance) << 32 | entry.number;
    }
    sort_keys(keys, count);
    for (size_t i = 0; i < count; i++) {
        const uint64_t key = keys[i];
        own[i] = (sorted_entry){distance_of_order((uint32_t)(key >> 32)), (uint32_t)key};
    }
}
