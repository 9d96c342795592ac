// Dropout: which values of a row fall is decided by sixteen bits each of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#include "../include/attune_kernels.h"

static const uint64_t INCREMENT = 0x9e3779b97f4a7c15;

static uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void attune_dropout(float *row, size_t n, uint32_t threshold, uint64_t key, float factor) {
    uint64_t state = key;
    for (size_t i = 0; i < n; i += 4) {
        state += INCREMENT;
        uint64_t word = mixed(state);
        const size_t count = n - i < 4 ? n - i : 4;
        for (size_t lane = 0; lane < count; lane++, word >>= 16) {
            row[i + lane] = (word & 0xffff) < threshold ? 0 : row[i + lane] * factor;
        }
    }
}
