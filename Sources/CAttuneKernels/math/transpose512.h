// The transposition that packing is made from.
#ifndef ATTUNE_MATH_TRANSPOSE512_H
#define ATTUNE_MATH_TRANSPOSE512_H

#include "avx512.h"

#if ATTUNE_X86

/// Transposes 16 rows of 16 words: out[k] holds word k of every row. Overwrites the rows.
INLINE512 void transpose512(__m512i a[16], __m512i out[16]) {
    __m512i b[16];
    ATTUNE_UNROLL for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
    ATTUNE_UNROLL for (int i = 0; i < 16; i += 4) {
        a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
    // Now a[4g + c] holds, in its lane of 128 bits l, word 4l + c of rows 4g to 4g + 3.
    ATTUNE_UNROLL for (int c = 0; c < 4; c++) {
        const __m512i low0 = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x44), high0 = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xee);
        const __m512i low1 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x44);
        const __m512i high1 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xee);
        out[c] = _mm512_shuffle_i32x4(low0, low1, 0x88);
        out[4 + c] = _mm512_shuffle_i32x4(low0, low1, 0xdd);
        out[8 + c] = _mm512_shuffle_i32x4(high0, high1, 0x88);
        out[12 + c] = _mm512_shuffle_i32x4(high0, high1, 0xdd);
    }
}

#endif
#endif
