// The graph's kernels in plain C with fixed lanes, which compilers turn into the instructions of a level: at the baseline, and
// for AVX2 with FMA.
//
// Numeric policy: float32, sums in 16 lanes that are added up in pairs.
#include "graph_search.h"

enum { LANES = 16 };

ATTUNE_INLINE float half_to_float(uint16_t h) {
    // Exact, subnormal numbers too; infinities and NaN never come here.
    const uint32_t bits = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
    float x;
    memcpy(&x, &bits, 4);
    x *= 0x1p112f;
    uint32_t y;
    memcpy(&y, &x, 4);
    y |= sign;
    memcpy(&x, &y, 4);
    return x;
}

ATTUNE_INLINE float total(float s[LANES]) {
    for (int n = LANES / 2; n > 0; n /= 2) {
        for (int i = 0; i < n; i++) s[i] += s[i + n];
    }
    return s[0];
}

#define EACH_LANE(...)                                                                                                 \
    float s[LANES] = {0};                                                                                              \
    for (size_t i = 0; i < width; i += LANES) {                                                                        \
        for (size_t lane = 0; lane < LANES; lane++) {                                                                  \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }                                                                                                                  \
    return total(s);

ATTUNE_INLINE void insert(graph_beam *b, uint64_t key) {
    uint64_t *keys = b->keys;
    size_t place = 8 * b->blocks;
    if (keys[place - 1] <= key) return;
    for (place--; place > 0 && keys[place - 1] > key; place--) keys[place] = keys[place - 1];
    keys[place] = key;
    if (place < b->next) b->next = place;
}

/// base + first + second·(step·sums[i] + offset) for 32 neighbours: what is below the bound comes into the beam.
ATTUNE_INLINE void admit(
    graph_beam *b, const uint32_t *sums, const uint8_t *factors, const attune_graph_query *q, float base,
    uint32_t *visited, int once) {
    const uint32_t *words = (const uint32_t *)factors, *vertices = words + ATTUNE_GRAPH_BLOCK;
    const float bound = beam_bound(b);
    float found[ATTUNE_GRAPH_BLOCK];
    for (size_t i = 0; i < ATTUNE_GRAPH_BLOCK; i++) {
        const uint32_t first = words[i] & 0xffff0000u, second = words[i] << 16;
        float f, r;
        memcpy(&f, &first, 4);
        memcpy(&r, &second, 4);
        found[i] = base + f + r * (q->step * (float)(int32_t)sums[i] + q->offset);
    }
    for (size_t i = 0; i < ATTUNE_GRAPH_BLOCK; i++) {
        if (!(found[i] < bound) || beam_refuses(b, visited, vertices[i])) continue;
        if (once) mark(visited, vertices[i]);
        insert(b, key_of(order_of(found[i]), vertices[i]));
    }
}

#define GRAPH_KERNELS(isa, attribute)                                                                                  \
    attribute static float distance_f16_##isa(                                                                         \
        const float *query, const void *vector, const float *extra, size_t width) {                                    \
        const uint16_t *x = vector;                                                                                    \
        (void)extra;                                                                                                   \
        EACH_LANE(const float d = query[i + lane] - half_to_float(x[i + lane]); s[lane] += d * d;)                     \
    }                                                                                                                  \
    attribute static float dot_f16_##isa(                                                                              \
        const float *query, const void *vector, const float *extra, size_t width) {                                    \
        const uint16_t *x = vector;                                                                                    \
        (void)extra;                                                                                                   \
        EACH_LANE(s[lane] += query[i + lane] * half_to_float(x[i + lane]);)                                            \
    }                                                                                                                  \
    attribute static float distance_u8_##isa(                                                                          \
        const float *query, const void *vector, const float *extra, size_t width) {                                    \
        const uint8_t *x = vector;                                                                                     \
        const float step = extra[0], low = extra[1];                                                                   \
        EACH_LANE(const float d = query[i + lane] - low - step * (float)x[i + lane]; s[lane] += d * d;)                \
    }                                                                                                                  \
    attribute static float dot_u8_##isa(                                                                               \
        const float *query, const void *vector, const float *extra, size_t width) {                                    \
        const uint8_t *x = vector;                                                                                     \
        const float step = extra[0], low = extra[1];                                                                   \
        EACH_LANE(s[lane] += query[i + lane] * (low + step * (float)x[i + lane]);)                                     \
    }                                                                                                                  \
    attribute static void encode_##isa(                                                                                \
        const float *centre, const float *x, size_t width, uint8_t *bits, float *sums) {                               \
        float squares[LANES] = {0}, magnitudes[LANES] = {0}, products[LANES] = {0};                                    \
        for (size_t i = 0; i < width; i += LANES) {                                                                    \
            for (size_t lane = 0; lane < LANES; lane++) {                                                              \
                const float c = centre[i + lane], v = x[i + lane] - c;                                                 \
                squares[lane] += v * v;                                                                                \
                magnitudes[lane] += fabsf(v);                                                                          \
                products[lane] += v > 0 ? c : -c;                                                                      \
            }                                                                                                          \
            uint32_t word = 0;                                                                                         \
            for (size_t lane = 0; lane < LANES; lane++) {                                                              \
                word |= (uint32_t)(x[i + lane] - centre[i + lane] > 0) << lane;                                        \
            }                                                                                                          \
            bits[i / 8] = (uint8_t)word;                                                                               \
            bits[i / 8 + 1] = (uint8_t)(word >> 8);                                                                    \
        }                                                                                                              \
        sums[0] = total(squares);                                                                                      \
        sums[1] = total(magnitudes);                                                                                   \
        sums[2] = total(products);                                                                                     \
    }                                                                                                                  \
    ATTUNE_GRAPH_SEARCH(isa, attribute static, insert, admit)                                                          \
    const attune_graph_kernels attune_graph_kernels_##isa = {                                                          \
        .distance = distance_f16_##isa,                                                                                \
        .distances = NULL,                                                                                             \
        .dot = dot_f16_##isa,                                                                                          \
        .distance_u8 = distance_u8_##isa,                                                                              \
        .dot_u8 = dot_u8_##isa,                                                                                        \
        .search = attune_graph_search_##isa,                                                                           \
        .tables = NULL,                                                                                                \
        .encode = encode_##isa,                                                                                        \
    };

GRAPH_KERNELS(scalar, )
#if ATTUNE_X86
GRAPH_KERNELS(avx2, ATTUNE_AVX2)
#endif

const attune_graph_kernels *attune_graph_kernels_for(const attune_kernels *kernels) {
#if ATTUNE_X86
    if (strncmp(kernels->name, "avx512", 6) == 0) return &attune_graph_kernels_avx512;
    if (strcmp(kernels->name, "avx2") == 0) return &attune_graph_kernels_avx2;
#else
    (void)kernels;
#endif
    return &attune_graph_kernels_scalar;
}
