// A flat neighbour graph whose rows hold all that one step of a search reads (Gou et al., "SymphonyQG", SIGMOD 2025,
// arXiv:2411.12229): the vertex's own vector, one-bit codes of its neighbours, two factors and the number of each.
//
// Everything lies in the rotated space of attune_codes.h: vectors are centred, scaled and rotated when they come in, so a
// row's vector and its neighbours' codes share one query, and |x - q|² is what is compared.
//
// A row: the vector (float16 or unsigned bytes), degree / 32 blocks of {codes of 32 neighbours, 32 words of factors, 32
// vertex numbers}, and, where the graph has them, three floats: step and lowest value of the bytes, and what is added to
// the vertex's distance. For a neighbour x of vertex u with v = x - u, s = sign(v) and r = |v|² / <s, v> the factors are
//     |v|² + 2·r·<s, u> + the neighbour's addend   (upper half of the word, as bfloat16) and
//     -2·r                                         (lower half),
// so that |q - u|² + first + second·<s, q> estimates |q - x|² without bias. A slot without a neighbour has +infinity and 0.
#ifndef ATTUNE_GRAPH_H
#define ATTUNE_GRAPH_H

#include "attune_kernels.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

enum {
    ATTUNE_GRAPH_BLOCK = 32,   ///< neighbours that one scan scores
};

typedef enum attune_graph_form {
    attune_graph_form_f16 = 0,
    attune_graph_form_u8 = 1,
} attune_graph_form;

/// A vertex and its distance, or an estimate of it.
typedef struct attune_graph_entry {
    float distance;
    uint32_t vertex;
} attune_graph_entry;

typedef struct attune_graph {
    uint8_t *const _Nonnull *_Nonnull blocks;  ///< runs of rows, aligned to 64 bytes
    uint32_t shift;         ///< a run has 1 << shift rows
    uint32_t capacity;      ///< vertex numbers are below it
    size_t row_size;
    size_t width;           ///< coordinates, a multiple of 64
    size_t lists;           ///< where in a row the blocks of neighbours begin
    size_t list_count;      ///< how many they are
    size_t extra;           ///< where the three floats stand; 0 where there are none
    attune_graph_form form;
    const uint8_t *_Nullable entries;  ///< blocks of entry vertices around the origin
    size_t entry_blocks;
    const uint64_t *_Nullable checked;  ///< of rows in a file, a bit for each 64 KiB: 1 where it may be read; null where all may
    size_t offset;          ///< where in that file the rows begin
} attune_graph;

/// The bytes of one block of neighbours.
static inline size_t attune_graph_list_size(size_t width) { return 4 * width + 2 * 4 * ATTUNE_GRAPH_BLOCK; }

/// A rotated query and its tables.
typedef struct attune_graph_query {
    const float *vector;
    const uint8_t *tables;
    float step;
    float offset;
    float length_square;
} attune_graph_query;

/// What a search works in.
typedef struct attune_graph_scratch {
    uint64_t *beam;               ///< beam + 15 numbers
    uint32_t *visited;            ///< a bit for each vertex, all 0 before and after
    attune_graph_entry *popped;
    size_t capacity;              ///< of `popped`; a search ends when it is full
    uint32_t *unchecked;          ///< gets the vertex whose row may not be read yet, where a search comes to one
} attune_graph_scratch;

/// What depends on the instruction set. Sums have another order on each level, so distances differ in the last bits.
typedef struct attune_graph_kernels {
    /// |query - x|² of a row's vector; `extra` is its three floats, or null.
    float (*distance)(const float *query, const void *vector, const float *_Nullable extra, size_t width);
    /// The distances of four vectors of float16, bit for bit those of `distance`; null where they are best taken one by one.
    void (*_Nullable distances)(
        const float *query, const void *_Nonnull const *_Nonnull vectors, size_t width, float *distances);
    float (*dot)(const float *query, const void *vector, const float *_Nullable extra, size_t width);
    /// The same for the other form of rows.
    float (*distance_u8)(const float *query, const void *vector, const float *_Nullable extra, size_t width);
    float (*dot_u8)(const float *query, const void *vector, const float *_Nullable extra, size_t width);
    /// Look-up tables of a query as attune_kernels.code_tables makes them, but for what their rounding costs at most, which
    /// estimates do not need; null where that is what makes them.
    void (*_Nullable tables)(const float *query, size_t width, uint8_t *tables, float *step, float *offset);
    /// The bits of x - centre, eight to a byte; sums gets |x - centre|², <s, x - centre> and <s, centre>.
    void (*encode)(const float *centre, const float *x, size_t width, uint8_t *bits, float *sums);
    /// attune_graph_search.
    size_t (*search)(
        const attune_kernels *kernels, const attune_graph *graph, const attune_graph_query *query, size_t beam, int once,
        const attune_graph_scratch *scratch);
} attune_graph_kernels;

const attune_graph_kernels *attune_graph_kernels_for(const attune_kernels *kernels);

/// Makes the tables [width / 4][16] of a query.
void attune_graph_tables(
    const attune_kernels *kernels, const float *query, size_t width, uint8_t *tables, float *step, float *offset);

/// Goes from the entries to the nearest vertices: expands the nearest known vertex until the `beam` nearest are expanded.
/// `popped` gets them in the order of their expansion, with exact distances; returns how many, or (size_t)-1 where it came to a
/// row that may not be read yet.
///
/// A vertex is met from several others, each with an estimate of its own. Narrow beams do best where all of these count, and a
/// vertex may stand in the beam more than once, as fewer are then lost to a bad estimate; with `once` the first estimate
/// counts, and a beam holds as many vertices as it is wide.
size_t attune_graph_search(
    const attune_kernels *kernels, const attune_graph *graph, const attune_graph_query *query, size_t beam, int once,
    const attune_graph_scratch *scratch);

/// The nearest `limit` of some entries, nearer first, ties by the lower number; returns how many. `best` has room for them.
size_t attune_graph_best(
    const attune_graph_entry *entries, size_t count, size_t limit, attune_graph_entry *best);

/// Sorts entries: nearer first, ties by the lower number; of one vertex the nearest stays. Returns how many are left.
/// `visited` has a bit for each vertex, all 0 before and after.
size_t attune_graph_sort(attune_graph_entry *entries, size_t count, uint32_t *visited);

/// Fills in the distances of entries to a query.
void attune_graph_measure(
    const attune_kernels *kernels, const attune_graph *graph, const float *query, attune_graph_entry *entries,
    size_t count);

/// The inner products of a query with vertices' vectors.
void attune_graph_dots(
    const attune_kernels *kernels, const attune_graph *graph, const float *query, const attune_graph_entry *entries,
    size_t count, float *dots);

/// Writes a vector [width] and its addend into a vertex's row, and makes all slots of its list empty.
void attune_graph_set_vector(
    const attune_kernels *kernels, const attune_graph *graph, uint32_t vertex, const float *x, float addend);

/// A vertex's vector [width], as its row has it.
void attune_graph_vector(const attune_kernels *kernels, const attune_graph *graph, uint32_t vertex, float *x);

/// What is added to the distance of a vertex.
float attune_graph_addend(const attune_graph *graph, uint32_t vertex);

/// The neighbours of a vertex, empty slots left out; returns how many.
size_t attune_graph_neighbours(const attune_graph *graph, uint32_t vertex, uint32_t *neighbours);

/// Of candidates around a vertex, by ascending distance from it and without itself, chooses at most `limit` that lead into
/// different directions (Subramanya et al., "DiskANN", NeurIPS 2019): one is left out where a chosen one that is nearer to the vertex
/// is also nearer to it, by the square of a factor that grows until the list is full. `scratch` holds
/// 2·count + width floats and `kept` limit entries, which come out in ascending order. Returns how many.
size_t attune_graph_prune(
    const attune_kernels *kernels, const attune_graph *graph, const attune_graph_entry *candidates, size_t count,
    size_t limit, attune_graph_entry *kept, float *scratch);

/// Makes these vertices the neighbours of one; codes of those that stay are kept. `scratch` holds 2·width floats.
void attune_graph_link(
    const attune_kernels *kernels, const attune_graph *graph, uint32_t vertex, const attune_graph_entry *neighbours,
    size_t count, float *scratch);

/// Writes blocks of entries, as a list around the origin. `scratch` holds 2·width floats.
void attune_graph_make_entries(
    const attune_kernels *kernels, const attune_graph *graph, const uint32_t *vertices, size_t count, uint8_t *blocks,
    float *scratch);

/// Goes breadth first from the vertices at `queue[done..<filled]` on; `reached` has a bit for each vertex that was queued, and `parents`
/// where it came from. Returns the new `filled`.
size_t attune_graph_reach(
    const attune_graph *graph, uint32_t *queue, size_t done, size_t filled, uint32_t *reached, uint32_t *parents);

/// x = what attune_kernels.code_rotate makes `x` of, backwards. Within the same bound.
void attune_graph_unrotate(const uint8_t *signs, float *x, size_t n);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
