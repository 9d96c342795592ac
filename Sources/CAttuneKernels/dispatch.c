// The tables, one for each instruction set, and the choice between them.
#include "kernel_list.h"

#include <stdlib.h>
#include <string.h>

static const attune_kernels scalar_table = ATTUNE_KERNEL_TABLE(scalar, scalar, scalar, scalar, scalar, scalar);

static int always(void) { return 1; }

#if ATTUNE_X86
static const attune_kernels avx2_table = ATTUNE_KERNEL_TABLE(avx2, avx2, avx2, avx2, avx2, avx2);
static const attune_kernels avx512_table = ATTUNE_KERNEL_TABLE(avx512, avx512, avx512, avx512, avx512, avx512);
static const attune_kernels avx512vnni_table =
    ATTUNE_KERNEL_TABLE(avx512vnni, avx512, avx512, avx512, avx512vnni, avx512popcnt);
static const attune_kernels avx512bf16_table =
    ATTUNE_KERNEL_TABLE(avx512bf16, avx512, avx512, avx512bf16, avx512vnni, avx512popcnt);
// Of the same level, for processors that do not halve registers of 512 bits as Zen 4 does.
static const attune_kernels avx512bf16_table_of_whole_registers =
    ATTUNE_KERNEL_TABLE(avx512bf16, avx512, avx512wide, avx512bf16, avx512vnni, avx512popcnt);
// Of the same levels, for processors that count bits the older way (Cascade Lake, Cooper Lake): integers, so the same
// results.
static const attune_kernels avx512vnni_table_without_popcnt =
    ATTUNE_KERNEL_TABLE(avx512vnni, avx512, avx512, avx512, avx512vnni, avx512);
static const attune_kernels avx512bf16_table_without_popcnt =
    ATTUNE_KERNEL_TABLE(avx512bf16, avx512, avx512, avx512bf16, avx512vnni, avx512);

// __builtin_cpu_supports looks at the operating system too: whether it saves the wide registers.
static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static int has_popcnt(void) { return __builtin_cpu_supports("avx512vpopcntdq"); }
static int has_avx512vnni(void) { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
static int has_avx512vnni_and_popcnt(void) { return has_avx512vnni() && has_popcnt(); }
static int has_avx512bf16(void) { return has_avx512vnni() && __builtin_cpu_supports("avx512bf16"); }
static int has_avx512bf16_and_popcnt(void) { return has_avx512bf16() && has_popcnt(); }
static int has_popcnt_and_whole_registers(void) { return has_avx512bf16_and_popcnt() && attune_has_whole_registers(); }

int attune_has_whole_registers(void) { return has_avx512() && !__builtin_cpu_is("znver4"); }
#else
#if ATTUNE_ARM64
static const attune_kernels neon_table = ATTUNE_KERNEL_TABLE(neon, neon, neon, neon, neon, neon);
#endif

int attune_has_whole_registers(void) { return 0; }
#endif

static int never(void) { return 0; }

/// From the best to the plainest; of two with one name the first that the processor supports. A build for another
/// processor knows the names too, and refuses them as unsupported.
static const struct {
    const char *name;
    const attune_kernels *table;
    int (*supported)(void);
} known[] = {
#if ATTUNE_X86
    {"avx512bf16", &avx512bf16_table_of_whole_registers, has_popcnt_and_whole_registers},
    {"avx512bf16", &avx512bf16_table, has_avx512bf16_and_popcnt},
    {"avx512bf16", &avx512bf16_table_without_popcnt, has_avx512bf16},
    {"avx512vnni", &avx512vnni_table, has_avx512vnni_and_popcnt},
    {"avx512vnni", &avx512vnni_table_without_popcnt, has_avx512vnni},
    {"avx512", &avx512_table, has_avx512},
    {"avx2", &avx2_table, has_avx2},
    {"neon", NULL, never},
#else
#if ATTUNE_ARM64
    {"neon", &neon_table, always},  // every processor of this architecture has it
#else
    {"neon", NULL, never},
#endif
    {"avx512bf16", NULL, never},
    {"avx512vnni", NULL, never},
    {"avx512", NULL, never},
    {"avx2", NULL, never},
#endif
    {"scalar", &scalar_table, always},
};

attune_isa_status attune_kernels_find(const char *name, const attune_kernels **table) {
    const attune_kernels *best = NULL;
    const int named = name != NULL && name[0] != '\0';
    attune_isa_status status = named ? attune_isa_unknown : attune_isa_ok;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const int supported = known[i].supported();
        if (supported && best == NULL) best = known[i].table;
        if (named && strcmp(name, known[i].name) == 0) {
            if (supported) {
                *table = known[i].table;
                return attune_isa_ok;
            }
            status = attune_isa_unsupported;
        }
    }
    *table = best;
    return status;
}

const attune_kernels *attune_kernels_for(const char *name) {
    const attune_kernels *table = NULL;
    return attune_kernels_find(name, &table) == attune_isa_ok ? table : NULL;
}

const attune_kernels *attune_chosen_table;

const attune_kernels *attune_choose_table(void) {
    const attune_kernels *found = NULL, *table = NULL;
    (void)attune_kernels_find(getenv("ATTUNE_ISA"), &found);
    // Of several threads that come here at once the first one chooses.
    return __atomic_compare_exchange_n(&attune_chosen_table, &table, found, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
        ? found
        : table;
}
