// One-bit codes in plain C: the specification of the other instruction sets.
//
// Numeric policy: float32 without contraction; every level does the same operations in the same order, so all results have
// the same bits on all of them. Sums of table entries are integers.
#include "codes.h"

#pragma STDC FP_CONTRACT OFF

ATTUNE_ROTATION(scalar, , flip_plain, transform_plain, fold_plain)

ATTUNE_CODE_TABLES(scalar, , fill_column)

static void block_sums(const uint8_t *tables, size_t columns, const uint8_t *codes, uint32_t sums[ATTUNE_CODE_BLOCK]) {
    for (size_t i = 0; i < ATTUNE_CODE_BLOCK; i++) sums[i] = 0;
    for (size_t c = 0; c < columns; c++, codes += 16, tables += 16) {
        for (size_t j = 0; j < 16; j++) {
            const size_t vector = j / 2 + 8 * (j % 2);
            sums[vector] += tables[codes[j] & 15];
            sums[vector + 16] += tables[codes[j] >> 4];
        }
    }
}

void attune_code_sums_scalar(
    const uint8_t *tables, size_t columns, const uint8_t *blocks, size_t block_size, size_t block_count,
    uint32_t *sums, const uint8_t *coming) {
    for (size_t i = 0; i < block_count; i++) {
        if (coming) attune_fetch(coming + i * block_size, block_size);
        block_sums(tables, columns, blocks + i * block_size, sums + i * ATTUNE_CODE_BLOCK);
    }
}

static uint32_t reach(const attune_code_query *q, const uint8_t *block, float *reaches) {
    const float *squares = (const float *)(block + 16 * q->columns);
    const float *rescales = squares + ATTUNE_CODE_BLOCK, *addends = rescales + ATTUNE_CODE_BLOCK;
    uint32_t sums[ATTUNE_CODE_BLOCK], kept = 0;
    block_sums(q->tables, q->columns, block, sums);
    for (size_t i = 0; i < ATTUNE_CODE_BLOCK; i++) {
        const float addend = q->has_addends ? addends[i] : 0;
        const float product = (float)sums[i] * q->step + q->offset;
        reaches[i] = rescales[i] * product - (q->addend_scale * squares[i] + addend);
        kept |= (uint32_t)code_reaches(q, squares[i], rescales[i], addend, reaches[i]) << i;
    }
    return kept;
}

ATTUNE_CODE_SCAN(scalar, , reach)
