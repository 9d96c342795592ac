// Many-to-many dot products of int8 with packed rows, AVX-512 VNNI: for enough queries to pay for the packing.
//
// Four bytes of sixteen rows lie in one register, unsigned (128 more than they are); a step multiplies four bytes of a
// query with those of up to 48 rows. Every lane is a pair's whole sum, so none is spread over lanes and has to be added
// up, which costs short vectors as much as their products. What the unsigned bytes add, 128 times the sum of the
// query's bytes, is where a sum starts from.
#include "../math/transpose512.h"

enum {
    PACKED_ROWS = 48,     // three registers, beside eight queries in 24 accumulators
    PACKED_BYTES = 512,   // of a row at a time: 24 KiB, which stay in the level-1 cache with those of eight queries
    PACKED_QUERIES = 128, // whose starts and ends wait on the stack
    PACKED_TILE = 8,
};

/// Part of the rows of a panel, word by word, and of the queries that pass by.
typedef struct packed_part {
    const __m512i *panel;
    size_t bytes;
    /// Of the words that the rows' last register holds.
    __mmask16 mask;
    /// Whether sums begin with this part. Otherwise they go on from what is there.
    int is_first;
    /// By query: where a sum starts, and the bytes behind the part's last whole word.
    const int32_t *starts;
    const uint32_t *ends;
} packed_part;

/// Packs `bytes` bytes of `count` rows into `registers` (constant) registers a word.
INLINE void pack_i8(
    const int8_t *rows, size_t stride, size_t count, size_t bytes, const int registers, __m512i *panel) {
    for (int v = 0; v < registers; v++) {
        for (size_t k = 0; k < bytes; k += 64) {
            const size_t rest = bytes - k, words = rest < 64 ? (rest + 3) / 4 : 16;
            const __mmask64 mask = rest < 64 ? mask64(rest) : ~0ull;
            __m512i row[16], word[16];
            UNROLL for (size_t i = 0; i < 16; i++) {
                // Results of rows that do not exist are not stored.
                const size_t r = (size_t)v * 16 + i;
                row[i] = flipped(load_i8(rows + (r < count ? r : count - 1) * stride + k, mask));
            }
            transpose512(row, word);
            __m512i *target = panel + k / 4 * (size_t)registers + v;
            if (words == 16) {
                UNROLL for (size_t w = 0; w < 16; w++) _mm512_store_si512(target + w * (size_t)registers, word[w]);
            } else {
                for (size_t w = 0; w < words; w++) _mm512_store_si512(target + w * (size_t)registers, word[w]);
            }
        }
    }
}

/// `height` (constant) queries, the first of which is number q, with the part of a panel.
INLINE void packed_tile(
    const int height, const int registers, const packed_part *part, size_t q, const int8_t *queries,
    size_t query_stride, int32_t *out, size_t out_stride) {
    __m512i s[PACKED_TILE][3];
    UNROLL for (int i = 0; i < height; i++) {
        UNROLL for (int v = 0; v < registers; v++) {
            if (part->is_first) {
                s[i][v] = _mm512_set1_epi32(part->starts[q + (size_t)i]);
            } else {
                s[i][v] = _mm512_maskz_loadu_epi32(
                    v + 1 < registers ? 0xffff : part->mask, out + (size_t)i * out_stride + 16 * v);
            }
        }
    }
    const __m512i *panel = part->panel;
    const int8_t *query = queries, *const last = queries + part->bytes / 4 * 4;
#define PACKED_STEP(word)                                                                                              \
    do {                                                                                                               \
        __m512i rows[3];                                                                                               \
        UNROLL for (int v = 0; v < registers; v++) rows[v] = _mm512_load_si512(panel + v);                             \
        UNROLL for (int i = 0; i < height; i++) {                                                                      \
            const __m512i four = _mm512_set1_epi32((int)(word));                                                       \
            UNROLL for (int v = 0; v < registers; v++) s[i][v] = _mm512_dpbusd_epi32(s[i][v], rows[v], four);          \
        }                                                                                                              \
    } while (0)
    for (; query < last; query += 4, panel += registers) PACKED_STEP(word_at(query + (size_t)i * query_stride));
    if (part->bytes % 4 != 0) PACKED_STEP(part->ends[q + (size_t)i]);
#undef PACKED_STEP
    UNROLL for (int i = 0; i < height; i++) {
        UNROLL for (int v = 0; v < registers; v++) {
            _mm512_mask_storeu_epi32(
                out + (size_t)i * out_stride + 16 * v, v + 1 < registers ? 0xffff : part->mask, s[i][v]);
        }
    }
}

/// All queries of a block with the part of a panel of `registers` (constant) registers a word.
INLINE void packed_queries(
    const int registers, const packed_part *part, const int8_t *queries, size_t query_stride, size_t query_count,
    int32_t *out, size_t out_stride) {
    size_t q = 0;
#define PACKED_TILES(height)                                                                                           \
    for (; q + (height) <= query_count; q += (height)) {                                                               \
        packed_tile(                                                                                                   \
            height, registers, part, q, queries + q * query_stride, query_stride, out + q * out_stride, out_stride);   \
    }
    PACKED_TILES(PACKED_TILE)
    PACKED_TILES(4)
    PACKED_TILES(2)
    PACKED_TILES(1)
#undef PACKED_TILES
}

/// -128 times the sum of the bytes.
INLINE int32_t start_i8(const int8_t *x, size_t n) {
    __m512i excess[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    EACH_64(n, { excess[u] = add_excess(excess[u], load_i8(x + i, mask)); });
    return int_total512(_mm512_sub_epi32(_mm512_setzero_si512(), _mm512_add_epi32(excess[0], excess[1])));
}

TARGET static void packed_dots_i8(
    const int8_t *queries, size_t query_stride, size_t query_count, const int8_t *rows, size_t stride, size_t count,
    size_t n, int32_t *out, size_t out_stride) {
    __m512i panel[PACKED_ROWS * PACKED_BYTES / 64];
    int32_t starts[PACKED_QUERIES];
    uint32_t ends[PACKED_QUERIES];
    for (size_t q0 = 0; q0 < query_count; q0 += PACKED_QUERIES) {
        const size_t height = query_count - q0 < PACKED_QUERIES ? query_count - q0 : PACKED_QUERIES;
        const int8_t *block = queries + q0 * query_stride;
        for (size_t q = 0; q < height; q++) {
            starts[q] = start_i8(block + q * query_stride, n);
            ends[q] = 0;
            memcpy(&ends[q], block + q * query_stride + n / 4 * 4, n % 4);
        }
        for (size_t r0 = 0; r0 < count; r0 += PACKED_ROWS) {
            const size_t width = count - r0 < PACKED_ROWS ? count - r0 : PACKED_ROWS;
            const int8_t *first = rows + r0 * stride;
            int32_t *target = out + q0 * out_stride + r0;
            size_t k = 0;
            do {
                const size_t bytes = n - k < PACKED_BYTES ? n - k : PACKED_BYTES;
                const packed_part part = {
                    panel, bytes, width % 16 ? tail_mask512(width % 16) : 0xffff, k == 0, starts, ends};
#define PACKED_PANEL(registers)                                                                                        \
    pack_i8(first + k, stride, width, bytes, registers, panel);                                                        \
    packed_queries(registers, &part, block + k, query_stride, height, target, out_stride)
                if (width > 32) {
                    PACKED_PANEL(3);
                } else if (width > 16) {
                    PACKED_PANEL(2);
                } else {
                    PACKED_PANEL(1);
                }
#undef PACKED_PANEL
                k += bytes;
            } while (k < n);
        }
    }
}
