// The graph's kernels with AVX-512 F, BW, DQ and VL.
//
// Numeric policy: float32 with fused multiply-adds, sums in 64 lanes.
#include "graph_search.h"
#include "../math/avx512.h"

#if ATTUNE_X86

INLINE512 __m512 load_f16(const uint16_t *x) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)x)); }

INLINE512 __m512 load_u8(const uint8_t *x, __m512 step, __m512 low) {
    const __m512 v = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)x)));
    return _mm512_fmadd_ps(step, v, low);
}

/// Four sums side by side hide the latency of an addition; a width is a multiple of 64.
#define EACH_64(...)                                                                                                   \
    __m512 s[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};                \
    for (size_t i = 0; i < width; i += 64) {                                                                           \
        ATTUNE_UNROLL for (size_t u = 0; u < 4; u++) { __VA_ARGS__ }                                                   \
    }                                                                                                                  \
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s[0], s[1]), _mm512_add_ps(s[2], s[3])));

ATTUNE_AVX512 static float distance_f16(const float *query, const void *vector, const float *extra, size_t width) {
    const uint16_t *x = vector;
    (void)extra;
    EACH_64(const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(query + i + 16 * u), load_f16(x + i + 16 * u));
            s[u] = _mm512_fmadd_ps(d, d, s[u]);)
}

/// distance_f16 of four vectors: the same sums in the same order, what is left of each added up side by side.
ATTUNE_AVX512 static void distances_f16(
    const float *query, const void *const *vectors, size_t width, float *distances) {
    __m512 s[4][4];
    ATTUNE_UNROLL for (int v = 0; v < 4; v++) {
        ATTUNE_UNROLL for (int u = 0; u < 4; u++) s[v][u] = _mm512_setzero_ps();
    }
    for (size_t i = 0; i < width; i += 64) {
        ATTUNE_UNROLL for (size_t u = 0; u < 4; u++) {
            const __m512 q = _mm512_loadu_ps(query + i + 16 * u);
            ATTUNE_UNROLL for (int v = 0; v < 4; v++) {
                const __m512 d = _mm512_sub_ps(q, load_f16((const uint16_t *)vectors[v] + i + 16 * u));
                s[v][u] = _mm512_fmadd_ps(d, d, s[v][u]);
            }
        }
    }
    __m512 sums[4];
    ATTUNE_UNROLL for (int v = 0; v < 4; v++) {
        sums[v] = _mm512_add_ps(_mm512_add_ps(s[v][0], s[v][1]), _mm512_add_ps(s[v][2], s[v][3]));
    }
    // The halves of two vectors, then the quarters of four.
    const __m512 a = _mm512_add_ps(
        _mm512_shuffle_f32x4(sums[0], sums[1], 0x44), _mm512_shuffle_f32x4(sums[0], sums[1], 0xee));
    const __m512 b = _mm512_add_ps(
        _mm512_shuffle_f32x4(sums[2], sums[3], 0x44), _mm512_shuffle_f32x4(sums[2], sums[3], 0xee));
    __m512 c = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
    c = _mm512_add_ps(c, _mm512_permute_ps(c, 0x4e));
    c = _mm512_add_ps(c, _mm512_permute_ps(c, 0xb1));
    _mm_storeu_ps(distances, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, c)));
}

ATTUNE_AVX512 static float dot_f16(const float *query, const void *vector, const float *extra, size_t width) {
    const uint16_t *x = vector;
    (void)extra;
    EACH_64(s[u] = _mm512_fmadd_ps(_mm512_loadu_ps(query + i + 16 * u), load_f16(x + i + 16 * u), s[u]);)
}

ATTUNE_AVX512 static float distance_u8(const float *query, const void *vector, const float *extra, size_t width) {
    const uint8_t *x = vector;
    const __m512 step = _mm512_set1_ps(extra[0]), low = _mm512_set1_ps(extra[1]);
    EACH_64(const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(query + i + 16 * u), load_u8(x + i + 16 * u, step, low));
            s[u] = _mm512_fmadd_ps(d, d, s[u]);)
}

ATTUNE_AVX512 static float dot_u8(const float *query, const void *vector, const float *extra, size_t width) {
    const uint8_t *x = vector;
    const __m512 step = _mm512_set1_ps(extra[0]), low = _mm512_set1_ps(extra[1]);
    EACH_64(s[u] = _mm512_fmadd_ps(_mm512_loadu_ps(query + i + 16 * u), load_u8(x + i + 16 * u, step, low), s[u]);)
}

/// min(key there, max(key before it, new key)) of each place moves what is farther by one and puts the new key before it.
INLINE512 void insert(graph_beam *b, uint64_t key) {
    const __m512i added = _mm512_set1_epi64((long long)key);
    uint64_t *keys = b->keys;
    size_t place = 0;
    __m512i here = _mm512_loadu_si512(keys + 8 * (b->blocks - 1));
    for (size_t block = b->blocks; block-- > 0;) {
        const __m512i before = _mm512_loadu_si512(keys + 8 * block - 8);
        const __m512i shifted = _mm512_alignr_epi64(here, before, 7);
        const __mmask8 nearer = _mm512_cmplt_epu64_mask(here, added);
        if (b->is_long && nearer == 0xff) {
            place = 8 * (block + 1);
            break;
        }
        place += (size_t)__builtin_popcount(nearer);
        _mm512_storeu_si512(keys + 8 * block, _mm512_min_epu64(here, _mm512_max_epu64(shifted, added)));
        here = before;
    }
    b->next = place < b->next ? place : b->next;
}

/// base + first + second·(step·sums[i] + offset) for 32 neighbours: what is below the bound comes into the beam.
INLINE512 void admit(
    graph_beam *b, const uint32_t *sums, const uint8_t *factors, const attune_graph_query *q, float base,
    uint32_t *visited, int once) {
    const uint32_t *vertices = (const uint32_t *)factors + ATTUNE_GRAPH_BLOCK;
    const __m512 bound = _mm512_set1_ps(beam_bound(b)), step = _mm512_set1_ps(q->step);
    uint32_t orders[ATTUNE_GRAPH_BLOCK], below = 0;
    ATTUNE_UNROLL for (int i = 0; i < 2; i++) {
        const __m512i words = _mm512_loadu_si512(factors + 64 * i);
        const __m512 first = _mm512_castsi512_ps(_mm512_and_si512(words, _mm512_set1_epi32((int)0xffff0000u)));
        const __m512 second = _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
        const __m512 sum = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + 16 * i));
        const __m512 product = _mm512_fmadd_ps(sum, step, _mm512_set1_ps(q->offset));
        const __m512 found = _mm512_fmadd_ps(second, product, _mm512_add_ps(first, _mm512_set1_ps(base)));
        const __m512i bits = _mm512_castps_si512(found);
        const __m512i flips = _mm512_or_si512(_mm512_srai_epi32(bits, 31), _mm512_set1_epi32((int)0x80000000u));
        _mm512_storeu_si512(orders + 16 * i, _mm512_xor_si512(bits, flips));
        below |= (uint32_t)_mm512_cmp_ps_mask(found, bound, _CMP_LT_OQ) << (16 * i);
    }
    for (; below != 0; below &= below - 1) {
        const int i = __builtin_ctz(below);
        if (beam_refuses(b, visited, vertices[i])) continue;
        if (once) mark(visited, vertices[i]);
        insert(b, key_of(orders[i], vertices[i]));
    }
}

ATTUNE_GRAPH_SEARCH(avx512, ATTUNE_AVX512 static, insert, admit)

/// Of each four floats the sum, in all four.
INLINE512 __m512 column_sums(__m512 v) {
    v = _mm512_add_ps(v, _mm512_permute_ps(v, 0xb1));
    return _mm512_add_ps(v, _mm512_permute_ps(v, 0x4e));
}

ATTUNE_AVX512 static void tables(const float *query, size_t width, uint8_t *tables, float *step, float *offset) {
    __m512 largest = _mm512_setzero_ps(), sums = largest;
    for (size_t i = 0; i < width; i += 16) {
        const __m512 magnitudes = _mm512_abs_ps(_mm512_loadu_ps(query + i));
        sums = _mm512_add_ps(sums, magnitudes);
        largest = _mm512_max_ps(largest, column_sums(magnitudes));
    }
    // From the smallest sum of the widest column to its largest. Where there is no reciprocal, all entries are 0.
    const float half = _mm512_reduce_max_ps(largest);
    const float unit = half > 0x1p-100f ? half * (2.0f / 255) : 0, per_unit = unit > 0 ? 1 / unit : 0;
    for (size_t i = 0; i < width; i += 16) {
        const __m512 x = _mm512_mul_ps(_mm512_loadu_ps(query + i), _mm512_set1_ps(2 * per_unit));
        // Σ|x| - Σx of a column: minus the sum of twice its negative coordinates.
        float doubled[16], lowest[16];
        _mm512_storeu_ps(doubled, x);
        _mm512_storeu_ps(
            lowest, _mm512_sub_ps(_mm512_set1_ps(0.5f), column_sums(_mm512_min_ps(x, _mm512_setzero_ps()))));
        ATTUNE_UNROLL for (int c = 0; c < 4; c++, tables += 16) {
            __m512 entry = _mm512_set1_ps(lowest[4 * c]);
            entry = _mm512_mask_add_ps(entry, 0xaaaa, entry, _mm512_set1_ps(doubled[4 * c]));
            entry = _mm512_mask_add_ps(entry, 0xcccc, entry, _mm512_set1_ps(doubled[4 * c + 1]));
            entry = _mm512_mask_add_ps(entry, 0xf0f0, entry, _mm512_set1_ps(doubled[4 * c + 2]));
            entry = _mm512_mask_add_ps(entry, 0xff00, entry, _mm512_set1_ps(doubled[4 * c + 3]));
            const __m512i whole = _mm512_max_epi32(_mm512_cvttps_epi32(entry), _mm512_setzero_si512());
            _mm_storeu_si128((__m128i *)tables, _mm512_cvtusepi32_epi8(whole));
        }
    }
    *step = unit;
    *offset = -_mm512_reduce_add_ps(sums);
}

ATTUNE_AVX512 static void encode(const float *centre, const float *x, size_t width, uint8_t *bits, float *sums) {
    __m512 squares = _mm512_setzero_ps(), magnitudes = squares, products = squares;
    for (size_t i = 0; i < width; i += 16) {
        const __m512 c = _mm512_loadu_ps(centre + i), v = _mm512_sub_ps(_mm512_loadu_ps(x + i), c);
        const __mmask16 above = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ);
        squares = _mm512_fmadd_ps(v, v, squares);
        magnitudes = _mm512_add_ps(magnitudes, _mm512_abs_ps(v));
        products = _mm512_add_ps(products, _mm512_mask_xor_ps(c, (__mmask16)~above, c, _mm512_set1_ps(-0.0f)));
        bits[i / 8] = (uint8_t)above;
        bits[i / 8 + 1] = (uint8_t)(above >> 8);
    }
    sums[0] = _mm512_reduce_add_ps(squares);
    sums[1] = _mm512_reduce_add_ps(magnitudes);
    sums[2] = _mm512_reduce_add_ps(products);
}

const attune_graph_kernels attune_graph_kernels_avx512 = {
    .distance = distance_f16,
    .distances = distances_f16,
    .dot = dot_f16,
    .distance_u8 = distance_u8,
    .dot_u8 = dot_u8,
    .search = attune_graph_search_avx512,
    .tables = tables,
    .encode = encode,
};
#endif
