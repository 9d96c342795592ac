// Guarded memory, random numbers, comparisons and failures.
#define _GNU_SOURCE
#include "harness.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { REGIONS = 24, REGION_BYTES = 1 << 20, GUARD_BYTES = 64, GUARD = 0xa5 };

typedef struct region {
    uint8_t *end;    ///< the page that nobody may touch
    uint8_t *start;  ///< of what was placed
    size_t gap;
} region;

static region regions[REGIONS];
static size_t placed;

static struct {
    const char *level, *function;
    size_t n, checks;
} under_test = {"none", "nothing", 0, 0};

void begin(const attune_kernels *level, const char *function, size_t n) {
    under_test.level = level ? level->name : "none";
    under_test.function = function;
    under_test.n = n;
    under_test.checks++;
}

size_t checks_so_far(void) {
    const size_t checks = under_test.checks;
    under_test.checks = 0;
    return checks;
}

void fail(const char *format, ...) {
    fflush(stdout);
    fprintf(stderr, "%s, level %s, length %zu: ", under_test.function, under_test.level, under_test.n);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/// The program is single-threaded and the fault is in a kernel, not in the C library: printing is safe enough.
static void on_fault(int signal, siginfo_t *info, void *context) {
    (void)context;
    for (size_t i = 0; i < placed; i++) {
        const uint8_t *address = info->si_addr;
        if (address >= regions[i].end && address < regions[i].end + sysconf(_SC_PAGESIZE)) {
            fail("reads or writes behind a buffer, %td bytes from its start", address - regions[i].start);
        }
    }
    fail("signal %d at %p", signal, info->si_addr);
}

static void make_regions(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < REGIONS; i++) {
        uint8_t *base = mmap(NULL, REGION_BYTES + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED || mprotect(base + REGION_BYTES, page, PROT_NONE) != 0) fail("no memory");
        regions[i].end = base + REGION_BYTES;
    }
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
}

void *place(size_t bytes, size_t gap) {
    if (regions[0].end == NULL) make_regions();
    if (placed == REGIONS || bytes + gap + GUARD_BYTES > REGION_BYTES) fail("the harness is out of guarded memory");
    region *r = &regions[placed++];
    r->start = r->end - gap - bytes;
    r->gap = gap;
    memset(r->start - GUARD_BYTES, GUARD, GUARD_BYTES + bytes + gap);
    return r->start;
}

int is_untouched(const void *memory, size_t bytes) {
    const uint8_t *p = memory;
    for (size_t i = 0; i < bytes; i++) {
        if (p[i] != GUARD) return 0;
    }
    return 1;
}

void check_guards(void) {
    for (size_t i = 0; i < placed; i++) {
        if (!is_untouched(regions[i].start - GUARD_BYTES, GUARD_BYTES)) fail("writes before buffer %zu", i);
        if (!is_untouched(regions[i].end - regions[i].gap, regions[i].gap)) fail("writes behind buffer %zu", i);
    }
    placed = 0;
}

/// SplitMix64.
uint64_t random_bits(void) {
    static uint64_t state;
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

float random_float(float scale) { return scale * ((float)(random_bits() >> 40) * 0x1p-23f - 1); }

float *place_floats(size_t n, size_t gap, float scale) {
    float *x = place(n * sizeof *x, gap * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = random_float(scale);
    return x;
}

void *place_copy(const void *source, size_t bytes, size_t gap) {
    return memcpy(place(bytes, gap), source, bytes);
}

void expect_near(double found, double expected, double bound, size_t index) {
    if (found == expected || (isnan(found) && isnan(expected))) return;
    const double error = fabs(found - expected);
    if (!(error <= bound)) {
        fail("element %zu is %.9g, not %.9g: %g off, %g allowed", index, found, expected, error, bound);
    }
}

void expect_same(const void *found, const void *expected, size_t count, size_t size) {
    const uint8_t *a = found, *b = expected;
    for (size_t i = 0; i < count; i++, a += size, b += size) {
        if (memcmp(a, b, size) == 0) continue;
        uint64_t x = 0, y = 0;
        memcpy(&x, a, size);
        memcpy(&y, b, size);
        fail("element %zu has the bits %#llx, not %#llx", i, (unsigned long long)x, (unsigned long long)y);
    }
}

float float_of_bfloat(uint16_t bits) {
    float x;
    reference->bfloat16_to_float32(&bits, &x, 1);
    return x;
}

float float_of_half(uint16_t bits) {
    float x;
    reference->float16_to_float32(&bits, &x, 1);
    return x;
}
