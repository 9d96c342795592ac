// Compares every kernel of every instruction set that this processor has with plain C, and plain C with known values.
// One line a family; the first failure ends it with function, level, length and values.
#include "harness.h"

#include <stdio.h>

const attune_kernels *reference;
const attune_kernels *levels[8];
size_t level_count;

static void report(const char *family) {
    check_guards();
    printf("%-12s %7zu checks\n", family, checks_so_far());
    fflush(stdout);
}

static void run(const char *family, void (*test)(const attune_kernels *)) {
    for (size_t i = 0; i < level_count; i++) test(levels[i]);
    report(family);
}

int main(void) {
    static const char *names[] = {"scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "neon"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const attune_kernels *table = attune_kernels_for(names[i]);
        if (table) levels[level_count++] = table;
    }
    reference = attune_kernels_for("scalar");
    printf("levels:");
    for (size_t i = 0; i < level_count; i++) printf(" %s", levels[i]->name);
    printf("\n");

    test_dispatch();
    report("dispatch");
    run("convert", test_convert);
    run("distances", test_distances);
    run("elementwise", test_elementwise);
    run("rows", test_rows);
    run("optimizer", test_optimizer);
    run("operands", test_operands);
    run("products", test_products);
    run("attention", test_attention);
    run("codes", test_codes);
    test_digest();
    report("digest");
    test_text();
    report("text");
    test_system();
    report("system");
    return 0;
}
