// The affinity mask (a GNU extension, hidden from Swift) and the pause instruction.
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "../include/attune_system.h"

#include <stdlib.h>
#include <unistd.h>

int attune_allowed_cores(void) {
    int count = 0;
#if defined(__linux__)
    // The kernel refuses a mask smaller than its own, so begin with room for 16,384.
    const int room = 16384;
    cpu_set_t *mask = CPU_ALLOC(room);
    if (mask != NULL) {
        size_t size = CPU_ALLOC_SIZE(room);
        CPU_ZERO_S(size, mask);
        if (sched_getaffinity(0, size, mask) == 0) count = CPU_COUNT_S(size, mask);
        CPU_FREE(mask);
    }
#endif
    if (count < 1) count = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count;
}

void attune_spin_hint(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}
