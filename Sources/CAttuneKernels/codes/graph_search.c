// What a search of the neighbour graph begins and ends with.
#include "graph.h"

void attune_graph_tables(
    const attune_kernels *kernels, const float *query, size_t width, uint8_t *tables, float *step, float *offset) {
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    float error;
    if (k->tables) {
        k->tables(query, width, tables, step, offset);
    } else {
        kernels->code_tables(query, width, tables, step, offset, &error);
    }
}

size_t attune_graph_search(
    const attune_kernels *kernels, const attune_graph *graph, const attune_graph_query *query, size_t beam, int once,
    const attune_graph_scratch *scratch) {
    return attune_graph_kernels_for(kernels)->search(kernels, graph, query, beam, once, scratch);
}

size_t attune_graph_best(
    const attune_graph_entry *entries, size_t count, size_t limit, attune_graph_entry *best) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const attune_graph_entry entry = entries[i];
        if (found == limit && (limit == 0 || !entry_precedes(entry, best[found - 1]))) continue;
        size_t place = found < limit ? found++ : found - 1;
        for (; place > 0 && entry_precedes(entry, best[place - 1]); place--) best[place] = best[place - 1];
        best[place] = entry;
    }
    return found;
}

void attune_graph_measure(
    const attune_kernels *kernels, const attune_graph *graph, const float *query, attune_graph_entry *entries,
    size_t count) {
    const graph_product distance = graph_distance(graph, attune_graph_kernels_for(kernels));
    for (size_t i = 0; i < count; i++) {
        if (i + 8 < count) attune_fetch(graph_row(graph, entries[i + 8].vertex), graph->lists);
        const uint8_t *row = graph_row(graph, entries[i].vertex);
        const float *extra = graph_extra(graph, row);
        entries[i].distance = distance(query, row, extra, graph->width) + (extra ? extra[2] : 0);
    }
}

void attune_graph_dots(
    const attune_kernels *kernels, const attune_graph *graph, const float *query, const attune_graph_entry *entries,
    size_t count, float *dots) {
    const attune_graph_kernels *k = attune_graph_kernels_for(kernels);
    const graph_product dot = graph->form == attune_graph_form_f16 ? k->dot : k->dot_u8;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = graph_row(graph, entries[i].vertex);
        dots[i] = dot(query, row, graph_extra(graph, row), graph->width);
    }
}
