// The three forms of the cosine. A template on forms.h, included once a type with
//
//   NORM(square), COSINE(dot, norm, norm)   float_norm and float_cosine, or those of integers;
//                                           beside them COSINE_of_squares(dot, square, square)

TARGET float NAME(cosine)(const ELEMENT *a, const ELEMENT *b, size_t n) {
    RESULT dot[3];
    LOCAL(angle)(1, a, b, n, dot);
    return JOINED_2(COSINE, of_squares)(dot[0], dot[2], dot[1]);
}

TARGET void NAME(cosines)(
    const ELEMENT *query, const ELEMENT *rows, size_t stride, size_t count, size_t n, float *out) {
    const float norm = NORM(NAME(dot)(query, query, n));
    for (size_t r = 0; r < count; r++) {
        RESULT dot[3];
        LOCAL(angle)(0, query, rows + r * stride, n, dot);
        out[r] = COSINE(dot[0], norm, NORM(dot[1]));
    }
}

/// Products of a block of pairs, then their division by norms that were computed once a block.
TARGET void NAME(cosine_matrix)(
    const ELEMENT *queries, size_t query_stride, size_t query_count, const ELEMENT *rows, size_t stride, size_t count,
    size_t n, float *out, size_t out_stride) {
    RESULT dots[NORM_QUERIES * NORM_ROWS];
    float query_norms[NORM_QUERIES], norms[NORM_ROWS];
    for (size_t q0 = 0; q0 < query_count; q0 += NORM_QUERIES) {
        const size_t height = query_count - q0 < NORM_QUERIES ? query_count - q0 : NORM_QUERIES;
        const ELEMENT *block = queries + q0 * query_stride;
        for (size_t q = 0; q < height; q++) {
            query_norms[q] = NORM(NAME(dot)(block + q * query_stride, block + q * query_stride, n));
        }
        for (size_t r0 = 0; r0 < count; r0 += NORM_ROWS) {
            const size_t width = count - r0 < NORM_ROWS ? count - r0 : NORM_ROWS;
            const ELEMENT *row = rows + r0 * stride;
            for (size_t r = 0; r < width; r++) norms[r] = NORM(NAME(dot)(row + r * stride, row + r * stride, n));
            NAME(dot_matrix)(block, query_stride, height, row, stride, width, n, dots, NORM_ROWS);
            for (size_t q = 0; q < height; q++) {
                float *target = out + (q0 + q) * out_stride + r0;
                const RESULT *source = dots + q * NORM_ROWS;
                for (size_t r = 0; r < width; r++) target[r] = COSINE(source[r], query_norms[q], norms[r]);
            }
        }
    }
}
