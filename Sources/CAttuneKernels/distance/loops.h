// The inner loops of the distances of one element type on one instruction set, made from a few primitives. A template:
// the file of an instruction set includes it once a type, and then forms for the functions; it defines before
//
//   TARGET, ISA       the attribute and the name of the instruction set
//   ROWS, TILE        rows that stay in registers in one-to-many; queries that do, by four rows, in many-to-many
//   TYPE, ELEMENT     the type's name in functions, and its C type
//   RESULT            float or int32_t
//   LANES, SUM        what one load of WIDTH elements gives, and an accumulator
//   LOAD(p), LOAD_PART(p, rest)   all elements at p; the first `rest` of them, zeros behind
//   PRODUCT(a, b, s)              s + a*b, lane by lane
//   DIFFERENCE(a, b, s)           s + (a-b)^2; may be missing
//   ZERO, ADD(s, t)               of accumulators
//   TOTAL(s), TOTALS(s, out)      the sum of an accumulator's lanes; those of four, to out[0...3]
//   CHAINS            4: sums keep to the order below. 1: they are exact in any order
//
// Order of a sum: load number i goes into chain i mod 4 while four are left, then into chain 0, a last incomplete one
// into chain 1; (0 + 1) + (2 + 3), then a tree over the lanes. All forms keep to it, so a pair's result does not depend
// on its neighbours. In many-to-many a tile has no registers for four chains a pair: it runs through the vectors once a
// chain, and where rows lie on cache lines, every line is still read once.
#include "block.h"

/// TILE queries with four rows.
INLINE void LOCAL(tile)(
    const int kind, const QUERY *queries, size_t query_stride, const ELEMENT *rows, size_t stride, size_t n,
    RESULT *out, size_t out_stride) {
    SUM s[TILE][4], saved[2][TILE][4];
    const size_t whole = n - n % (CHAINS * WIDTH);
    UNROLL for (size_t u = 0; u < CHAINS; u++) {
        UNROLL for (int q = 0; q < TILE; q++) {
            UNROLL for (int r = 0; r < 4; r++) s[q][r] = ZERO;
        }
#define TILE_STEP(load, ...)                                                                                           \
    do {                                                                                                               \
        LANES lanes[TILE];                                                                                             \
        UNROLL for (int q = 0; q < TILE; q++) lanes[q] = QUERY_##load(queries + (size_t)q * query_stride + __VA_ARGS__); \
        UNROLL for (int r = 0; r < 4; r++) {                                                                           \
            const LANES row = load(rows + (size_t)r * stride + __VA_ARGS__);                                           \
            UNROLL for (int q = 0; q < TILE; q++) s[q][r] = LOCAL(step)(kind, lanes[q], row, s[q][r]);               \
        }                                                                                                              \
    } while (0)
        for (size_t i = u * WIDTH; i < whole; i += CHAINS * WIDTH) TILE_STEP(LOAD, i);
        if (CHAINS > 1 && u == 0) {
            for (size_t i = whole; i + WIDTH <= n; i += WIDTH) TILE_STEP(LOAD, i);
        }
        if (u == (CHAINS > 1) && n % WIDTH != 0) {
            const size_t rest = n % WIDTH;
            TILE_STEP(LOAD_PART, (n - rest), rest);
        }
#undef TILE_STEP
        if (CHAINS == 1) break;
        UNROLL for (int q = 0; q < TILE; q++) {
            UNROLL for (int r = 0; r < 4; r++) {
                if (u & 1) s[q][r] = ADD(saved[0][q][r], s[q][r]);
                if (u < 3) saved[u & 1][q][r] = s[q][r];
            }
        }
    }
    UNROLL for (int q = 0; q < TILE; q++) {
        if (CHAINS > 1) {
            UNROLL for (int r = 0; r < 4; r++) s[q][r] = ADD(saved[1][q][r], s[q][r]);
        }
        TOTALS(s[q], out + (size_t)q * out_stride);
    }
}

/// dot[0] = a·b, dot[1] = b·b and, where `both` (constant) is not 0, dot[2] = a·a: in one pass.
INLINE void LOCAL(angle)(const int both, const ELEMENT *a, const ELEMENT *b, size_t n, RESULT dot[3]) {
    SUM s[3][4];
    UNROLL for (int k = 0; k < 3; k++) {
        UNROLL for (int u = 0; u < 4; u++) s[k][u] = ZERO;
    }
#define ANGLE_STEP(u, load, ...)                                                                                       \
    do {                                                                                                               \
        const LANES x = load(a + __VA_ARGS__), y = load(b + __VA_ARGS__);                                              \
        s[0][u] = PRODUCT(x, y, s[0][u]);                                                                              \
        s[1][u] = PRODUCT(y, y, s[1][u]);                                                                              \
        if (both) s[2][u] = PRODUCT(x, x, s[2][u]);                                                                    \
    } while (0)
    size_t i = 0;
    while (i + 4 * WIDTH <= n) {
        UNROLL for (int u = 0; u < 4; u++, i += WIDTH) ANGLE_STEP(u, LOAD, i);
    }
    for (; i + WIDTH <= n; i += WIDTH) ANGLE_STEP(0, LOAD, i);
    if (i < n) ANGLE_STEP(1, LOAD_PART, i, n - i);
#undef ANGLE_STEP
    UNROLL for (int k = 0; k < 2 + (both != 0); k++) dot[k] = TOTAL(ADD(ADD(s[k][0], s[k][1]), ADD(s[k][2], s[k][3])));
}
