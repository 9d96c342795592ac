// The tables, one for each instruction set, and the choice between them.
#include "kernel_list.h"

#include <string.h>

static const attune_kernels scalar_table = ATTUNE_KERNEL_TABLE(scalar);

static const attune_kernels *best(void) {
    return &scalar_table;
}

attune_isa_status attune_kernels_find(const char *name, const attune_kernels **table) {
    *table = best();
    if (name == NULL || name[0] == '\0') return attune_isa_ok;
    if (strcmp(name, "scalar") == 0) {
        *table = &scalar_table;
        return attune_isa_ok;
    }
    if (strcmp(name, "avx2") == 0 || strcmp(name, "avx512") == 0) return attune_isa_unsupported;
    return attune_isa_unknown;
}

const attune_kernels *attune_kernels_for(const char *name) {
    const attune_kernels *table = NULL;
    return attune_kernels_find(name, &table) == attune_isa_ok ? table : NULL;
}
