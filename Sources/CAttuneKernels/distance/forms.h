// The three forms of one kind of sum: one-to-one, one-to-many, many-to-many. A template on loops.h (or what stands in
// its place), included once a kind with
//
//   KIND               PRODUCTS or DIFFERENCES
//   ONE, MANY, MATRIX  the functions' names; MATRIX may be missing, where it is written apart
//   PACKED(...), PACKED_FROM   what does many-to-many from so many queries on; may be missing

#ifndef QUERY
#define QUERY ELEMENT
#endif

TARGET RESULT NAME(ONE)(const QUERY *a, const ELEMENT *b, size_t n) {
    RESULT out;
    LOCAL(block)(KIND, NOTHING, a, b, 0, 1, n, &out);
    return out;
}

TARGET void NAME(MANY)(
    const QUERY *query, const ELEMENT *rows, size_t stride, size_t count, size_t n, RESULT *out) {
    size_t r = 0;
    if (count * stride * sizeof(ELEMENT) > ATTUNE_CACHED_BYTES) {
#ifdef ONE_BY_ONE
        for (; r < count; r++) LOCAL(block)(KIND, ONE_BY_ONE, query, rows + r * stride, stride, 1, n, out + r);
#endif
        for (; r + ROWS <= count; r += ROWS) {
            LOCAL(block)(KIND, FAR, query, rows + r * stride, stride, ROWS, n, out + r);
        }
    }
    for (; r + ROWS <= count; r += ROWS) LOCAL(block)(KIND, NEXT, query, rows + r * stride, stride, ROWS, n, out + r);
    for (; r < count; r++) LOCAL(block)(KIND, NOTHING, query, rows + r * stride, stride, 1, n, out + r);
}

#ifdef MATRIX
/// Queries that stay in the level-2 cache pass by rows that stay in the level-1 cache, tile by tile; what is left at
/// the edges goes through one-to-many, which gives the same results.
TARGET void NAME(MATRIX)(
    const QUERY *queries, size_t query_stride, size_t query_count, const ELEMENT *rows, size_t stride, size_t count,
    size_t n, RESULT *out, size_t out_stride) {
#ifdef PACKED
    if (query_count >= PACKED_FROM) {
        PACKED(queries, query_stride, query_count, rows, stride, count, n, out, out_stride);
        return;
    }
#endif
    const size_t bytes = n * sizeof(ELEMENT) + 1;
    const size_t query_block = (ATTUNE_LEVEL_2_BYTES / bytes / TILE + 1) * TILE;
    const size_t row_block = (ATTUNE_LEVEL_1_BYTES / bytes / 4 + 1) * 4;
    for (size_t first = 0; first < query_count; first += query_block) {
        const size_t last = first + query_block < query_count ? first + query_block : query_count;
        for (size_t r0 = 0; r0 < count; r0 += row_block) {
            const size_t r1 = r0 + row_block < count ? r0 + row_block : count;
            const size_t whole = r1 - (r1 - r0) % 4;
            size_t q = first;
            for (; q + TILE <= last; q += TILE) {
                const QUERY *tile_queries = queries + q * query_stride;
                for (size_t r = r0; r < whole; r += 4) {
                    LOCAL(tile)(
                        KIND, tile_queries, query_stride, rows + r * stride, stride, n, out + q * out_stride + r,
                        out_stride);
                }
                if (whole == r1) continue;
                for (size_t t = q; t < q + TILE; t++) {
                    NAME(MANY)(
                        queries + t * query_stride, rows + whole * stride, stride, r1 - whole, n,
                        out + t * out_stride + whole);
                }
            }
            for (; q < last; q++) {
                NAME(MANY)(
                    queries + q * query_stride, rows + r0 * stride, stride, r1 - r0, n, out + q * out_stride + r0);
            }
        }
    }
}
#endif

#undef KIND
#undef ONE
#undef MANY
#undef MATRIX
