// What the templates of the distances share: names, and the cosine that belongs to three sums.
#ifndef ATTUNE_DISTANCE_NAMES_H
#define ATTUNE_DISTANCE_NAMES_H

#include "../kernel_list.h"

#include <math.h>
#if ATTUNE_X86
#include <immintrin.h>
#endif

#define JOIN_2(a, b) a##_##b
#define JOINED_2(a, b) JOIN_2(a, b)
#define JOIN_3(a, b, c) attune_##a##_##b##_##c
#define JOINED_3(a, b, c) JOIN_3(a, b, c)

/// A function of the element type and instruction set in turn that other files see, and one that they do not.
#define NAME(form) JOINED_3(form, TYPE, ISA)
#define LOCAL(name) JOINED_2(name, TYPE)
#define INLINE ATTUNE_INLINE TARGET
#define UNROLL ATTUNE_UNROLL

/// The two kinds of sums: of products, and of squared differences.
enum { PRODUCTS, DIFFERENCES };

/// What many-to-many keeps in the caches: queries in the second level, rows in the first, which tiles share with them.
enum { ATTUNE_LEVEL_2_BYTES = 256 << 10, ATTUNE_LEVEL_1_BYTES = 16 << 10 };
/// How far ahead one-to-many asks for rows of which there are more bytes than ATTUNE_CACHED_BYTES, and of how many bytes
/// for one line where the processor asks for the others by itself.
enum { ATTUNE_FAR_BYTES = 48 << 10, ATTUNE_CACHED_BYTES = 512 << 10, ATTUNE_SPARSE_BYTES = 256 };
/// Pairs whose products wait on the stack for their norms.
enum { NORM_QUERIES = 128, NORM_ROWS = 32 };

/// Where one-to-many asks for rows before it comes to them: nowhere, the next rows, far ahead, or far ahead for some lines.
enum { NOTHING, NEXT, FAR, SPARSE };

/// Asks for `bytes` bytes in their order, which `place` bytes of the same rows come before: memory is faster so than in
/// the order of several rows at once.
///
/// Of rows that may lie in the level-2 cache the next ones, `next` bytes on, which costs nothing there. Of more rows than
/// that, those far ahead, to the level-2 cache. Where rows come one by one and are read faster than memory brings them, that is
/// still too much: one line of four is enough for the processor to know the page and to ask for the others by itself.
/// (Zen 4, float32 from memory, 384 elements: four rows at once and all lines 16 GB/s, row after row with one line of four
/// 31; with 784 elements 22 and 30, in pages of 4 KiB 19 and 22. Narrow types, which take longer to read than to bring, are
/// fastest with all lines.)
ATTUNE_INLINE void prefetch_rows(const int ahead, const void *p, size_t place, size_t next, size_t bytes) {
    const uintptr_t first = (uintptr_t)p;
    if (ahead == NEXT) {
        UNROLL for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch((const void *)(first + next + i), 0, 3);
    } else if (ahead == FAR || (ahead == SPARSE && place % ATTUNE_SPARSE_BYTES == 0)) {
        const size_t step = ahead == FAR ? 64 : ATTUNE_SPARSE_BYTES;
        UNROLL for (size_t i = 0; i < bytes; i += step) {
            __builtin_prefetch((const void *)(first + ATTUNE_FAR_BYTES + i), 0, 2);
        }
    }
}

/// Asks for the last line of rows that end before `end`, far ahead, where `prefetch_rows` leaves it over: one line a row that
/// has to be waited for takes half of the speed (bfloat16, 200 elements: 17 GB/s instead of 35).
ATTUNE_INLINE void prefetch_end(const int ahead, const void *end, int is_left_over) {
    if ((ahead == FAR || ahead == SPARSE) && is_left_over) {
        __builtin_prefetch((const void *)((uintptr_t)end + ATTUNE_FAR_BYTES - 1), 0, 2);
    }
}

/// One of the two numbers behind the bytes of a row: 0 the step, 1 the lowest value.
ATTUNE_INLINE float byte_row_factor(const uint8_t *row, size_t n, size_t index) {
    float factor;
    __builtin_memcpy(&factor, row + attune_byte_row_codes(n) + 4 * index, sizeof factor);
    return factor;
}

/// A float vector's norm, from its product with itself, and the cosine of two: 0 when either is zero, NaN where one is.
ATTUNE_INLINE float float_norm(float square) { return sqrtf(square); }
ATTUNE_INLINE float float_cosine(float dot, float norm_a, float norm_b) {
    const float product = norm_a * norm_b;
    return product > 0 ? dot / product : (product == 0 ? 0 : product);
}
ATTUNE_INLINE float float_cosine_of_squares(float dot, float square_a, float square_b) {
#if ATTUNE_X86
    // Both roots in the time of one.
    const __m128 norms = _mm_sqrt_ps((__m128){square_a, square_b, 0, 0});
    return float_cosine(dot, norms[0], norms[1]);
#else
    return float_cosine(dot, float_norm(square_a), float_norm(square_b));
#endif
}

/// The same of integers, whose sums are exact: the reciprocal of the norm, and two multiplications. Within 2^-21 of the
/// exact cosine (eight roundings), and the same bits on every instruction set.
ATTUNE_INLINE float int_norm(int32_t square) { return square > 0 ? 1 / sqrtf((float)square) : 0; }
ATTUNE_INLINE float int_cosine(int32_t dot, float reciprocal_a, float reciprocal_b) {
    return (float)dot * reciprocal_a * reciprocal_b;
}
ATTUNE_INLINE float int_cosine_of_squares(int32_t dot, int32_t square_a, int32_t square_b) {
    return int_cosine(dot, int_norm(square_a), int_norm(square_b));
}

#endif
