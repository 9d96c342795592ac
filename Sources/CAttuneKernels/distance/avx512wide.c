// Distances of float16 with AVX-512 on processors whose registers of 512 bits are not two of 256 bits inside.
//
// Instructions: vcvtph2ps zmm on the load, vfmadd231ps, vsubps.
// Numeric policy: widened exactly, then float32 in the order of loops.h, sixteen lanes where avx512.c has eight.
#include "lanes512.h"
#include "names.h"

#if ATTUNE_X86
#define TARGET ATTUNE_AVX512
#define ISA avx512wide
#define ROWS 4
#define TILE 4

// Queries in float32 with rows in float16, for many-to-many.

#define TYPE f32_f16
#define QUERY float
#define ELEMENT uint16_t
#define RESULT float
#define LANES __m512
#define SUM __m512
#define WIDTH 16
#define QUERY_LOAD(p) _mm512_loadu_ps(p)
#define QUERY_LOAD_PART(p, rest) load512(p, tail_mask512(rest))
#define LOAD(p) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p)))
#define LOAD_PART(p, rest) _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(tail_mask512(rest), p))
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO _mm512_setzero_ps()
#define ADD _mm512_add_ps
#define TOTAL float_total512
#define TOTALS float_totals512
#define CHAINS 4
#include "loops.h"
#define KIND PRODUCTS
#define ONE dot
#define MANY dots
#define MATRIX dot_matrix
#include "forms.h"
#define KIND DIFFERENCES
#define ONE squared_l2
#define MANY squared_l2s
#define MATRIX squared_l2_matrix
#include "forms.h"
#include "undefine.h"

/// Up to which length four widened queries leave room for rows in the level-1 cache.
enum { WIDENED_LENGTH = 2048 };

/// Many-to-many with queries that are widened once and not for every tile: those of a tile stay in the level-1 cache while
/// rows pass by that stay in the second.
#define WIDENED(matrix)                                                                                                \
    TARGET static void widened_##matrix(                                                                               \
        const uint16_t *queries, size_t query_stride, size_t query_count, const uint16_t *rows, size_t stride,         \
        size_t count, size_t n, float *out, size_t out_stride) {                                                       \
        float wide[TILE * WIDENED_LENGTH];                                                                             \
        const size_t block = ATTUNE_LEVEL_2_BYTES / (n * sizeof(uint16_t) + 1);                                        \
        for (size_t r = 0; r < count; r += block) {                                                                    \
            const size_t width = count - r < block ? count - r : block;                                                \
            for (size_t q0 = 0; q0 < query_count; q0 += TILE) {                                                        \
                const size_t height = query_count - q0 < TILE ? query_count - q0 : TILE;                               \
                for (size_t q = 0; q < height; q++) {                                                                  \
                    attune_float16_to_float32_avx512(queries + (q0 + q) * query_stride, wide + q * n, n);              \
                }                                                                                                      \
                attune_##matrix##_f32_f16_avx512wide(                                                                  \
                    wide, n, height, rows + r * stride, stride, width, n, out + q0 * out_stride + r, out_stride);      \
            }                                                                                                          \
        }                                                                                                              \
    }
WIDENED(dot_matrix)
WIDENED(squared_l2_matrix)

// float16

#define TYPE f16
#define ELEMENT uint16_t
#define RESULT float
#define ONE_BY_ONE FAR
#define LANES __m512
#define SUM __m512
#define WIDTH 16
#define LOAD(p) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p)))
#define LOAD_PART(p, rest) _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(tail_mask512(rest), p))
#define PRODUCT products_f32
#define DIFFERENCE differences_f32
#define ZERO _mm512_setzero_ps()
#define ADD _mm512_add_ps
#define TOTAL float_total512
#define TOTALS float_totals512
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#define KIND PRODUCTS
#define ONE dot
#define MANY dots
#define MATRIX dot_matrix
#define PACKED widened_dot_matrix
#define PACKED_FROM (n <= WIDENED_LENGTH ? TILE : SIZE_MAX)
#include "forms.h"
#undef PACKED
#define KIND DIFFERENCES
#define ONE squared_l2
#define MANY squared_l2s
#define MATRIX squared_l2_matrix
#define PACKED widened_squared_l2_matrix
#include "forms.h"
#include "cosines.h"
#include "undefine.h"
#endif
