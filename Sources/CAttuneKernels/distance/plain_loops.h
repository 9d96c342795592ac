// The inner loops of one element type in plain C: what stands in the place of loops.h. A template, included with TYPE,
// ELEMENT, RESULT as there and
//
//   SUM         what is added up: float, or uint32_t for an int32_t that may wrap
//   VALUE(x)    an element as a number that SUM can be computed from
//
// and, as in block.h, QUERY, QUERY_VALUE(x), FACTORS and FACTORS_OF(row, n); VALUE may then use `factors`.
#ifndef QUERY
#define QUERY ELEMENT
#define QUERY_VALUE VALUE
#endif

ATTUNE_INLINE RESULT LOCAL(sum)(const int kind, const QUERY *a, const ELEMENT *b, size_t n) {
#ifdef FACTORS
    const FACTORS factors = FACTORS_OF(b, n);
#endif
    SUM s[8] = {0};
#define PLAIN_STEP                                                                                                     \
    do {                                                                                                               \
        const SUM x = (SUM)QUERY_VALUE(a[i + l]), y = (SUM)VALUE(b[i + l]), d = x - y;                                 \
        s[l] += kind == DIFFERENCES ? d * d : x * y;                                                                   \
    } while (0)
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (size_t l = 0; l < 8; l++) PLAIN_STEP;
    }
    for (size_t l = 0; i + l < n; l++) PLAIN_STEP;
#undef PLAIN_STEP
    return (RESULT)(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));
}

ATTUNE_INLINE void LOCAL(block)(
    const int kind, const int ahead, const QUERY *query, const ELEMENT *rows, size_t stride, const int count,
    size_t n, RESULT *out) {
    (void)ahead;
    for (int r = 0; r < count; r++) out[r] = LOCAL(sum)(kind, query, rows + (size_t)r * stride, n);
}

#ifndef ONE_TO_MANY_ONLY
ATTUNE_INLINE void LOCAL(tile)(
    const int kind, const ELEMENT *queries, size_t query_stride, const ELEMENT *rows, size_t stride, size_t n,
    RESULT *out, size_t out_stride) {
    for (size_t q = 0; q < TILE; q++) {
        LOCAL(block)(kind, NOTHING, queries + q * query_stride, rows, stride, 4, n, out + q * out_stride);
    }
}

ATTUNE_INLINE void LOCAL(angle)(const int both, const ELEMENT *a, const ELEMENT *b, size_t n, RESULT dot[3]) {
    dot[0] = LOCAL(sum)(PRODUCTS, a, b, n);
    dot[1] = LOCAL(sum)(PRODUCTS, b, b, n);
    if (both) dot[2] = LOCAL(sum)(PRODUCTS, a, a, n);
}
#endif
