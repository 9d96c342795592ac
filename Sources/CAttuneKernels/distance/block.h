// The inner loop of one-to-many, of what loops.h lists. Query and rows may be of two types; then there are also
//
//   QUERY, QUERY_LOAD(p), QUERY_LOAD_PART(p, rest)   the C type of the query's elements, and its loads
//
//   ONE_BY_ONE   where rows from memory come one by one: FAR or SPARSE
//
// and where a row's elements are not numbers yet but become them by what the row says at its end
//
//   FACTORS, FACTORS_OF(row, n)                      what the row says
//   DECODED(f, x), DECODED_PART(f, x, rest)          the numbers of a load; those of an incomplete one, zeros behind
#include "names.h"
#ifndef QUERY
#define QUERY ELEMENT
#define QUERY_LOAD LOAD
#define QUERY_LOAD_PART LOAD_PART
#endif
#ifdef FACTORS
#define ROW_END 1
#define ROW_LOAD(r, p) DECODED(factors[r], LOAD(p))
#define ROW_LOAD_PART(r, p, rest) DECODED_PART(factors[r], LOAD_PART(p, rest), rest)
#else
#define ROW_END 0
#define ROW_LOAD(r, p) LOAD(p)
#define ROW_LOAD_PART(r, p, rest) LOAD_PART(p, rest)
#endif

INLINE SUM LOCAL(step)(const int kind, LANES a, LANES b, SUM s) {
#ifdef DIFFERENCE
    if (kind == DIFFERENCES) return DIFFERENCE(a, b, s);
#endif
    (void)kind;
    return PRODUCT(a, b, s);
}

/// One query with `count` (constant, at most ROWS) rows; `ahead` is NOTHING, NEXT or FAR.
INLINE void LOCAL(block)(
    const int kind, const int ahead, const QUERY *query, const ELEMENT *rows, size_t stride, const int count,
    size_t n, RESULT *out) {
#ifdef FACTORS
    FACTORS factors[ROWS];
    UNROLL for (int r = 0; r < count; r++) factors[r] = FACTORS_OF(rows + (size_t)r * stride, n);
#endif
    prefetch_end(ahead, rows + (size_t)count * stride, n % (4 * WIDTH) != 0 || ROW_END);
    SUM s[ROWS][4];
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int u = 0; u < 4; u++) s[r][u] = ZERO;
    }
    size_t i = 0;
    while (i + 4 * WIDTH <= n) {
        prefetch_rows(
            ahead, rows + (size_t)count * i, (size_t)count * i * sizeof(ELEMENT), (size_t)count * stride * sizeof(ELEMENT),
            (size_t)count * 4 * WIDTH * sizeof(ELEMENT));
        UNROLL for (int u = 0; u < 4; u++, i += WIDTH) {
            const LANES q = QUERY_LOAD(query + i);
            UNROLL for (int r = 0; r < count; r++) {
                s[r][u] = LOCAL(step)(kind, q, ROW_LOAD(r, rows + (size_t)r * stride + i), s[r][u]);
            }
        }
    }
    for (; i + WIDTH <= n; i += WIDTH) {
        const LANES q = QUERY_LOAD(query + i);
        UNROLL for (int r = 0; r < count; r++) {
            s[r][0] = LOCAL(step)(kind, q, ROW_LOAD(r, rows + (size_t)r * stride + i), s[r][0]);
        }
    }
    if (i < n) {
        const LANES q = QUERY_LOAD_PART(query + i, n - i);
        UNROLL for (int r = 0; r < count; r++) {
            s[r][1] = LOCAL(step)(kind, q, ROW_LOAD_PART(r, rows + (size_t)r * stride + i, n - i), s[r][1]);
        }
    }
    SUM sums[ROWS];
    UNROLL for (int r = 0; r < count; r++) sums[r] = ADD(ADD(s[r][0], s[r][1]), ADD(s[r][2], s[r][3]));
    if (count == 4) {
        TOTALS(sums, out);
    } else {
        UNROLL for (int r = 0; r < count; r++) out[r] = TOTAL(sums[r]);
    }
}
#undef ROW_END
#undef ROW_LOAD
#undef ROW_LOAD_PART
