#define _GNU_SOURCE
#include "sampling.h"
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { capacity = 1 << 18 };
static uintptr_t samples[capacity];
static atomic_size_t count;

static void take(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    const ucontext_t *state = context;
#if defined(__x86_64__)
    const uintptr_t address = (uintptr_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    const uintptr_t address = (uintptr_t)state->uc_mcontext.pc;
#endif
    const size_t place = atomic_fetch_add(&count, 1);
    if (place < capacity) samples[place] = address;
}

static int set_interval(long microseconds) {
    const struct timeval interval = {microseconds / 1000000, microseconds % 1000000};
    const struct itimerval timer = {interval, interval};
    return setitimer(ITIMER_PROF, &timer, NULL);
}

int attune_sampling_start(long microseconds) {
    struct sigaction action = {0};
    action.sa_sigaction = take;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    atomic_store(&count, 0);
    if (sigaction(SIGPROF, &action, NULL)) return -1;
    return set_interval(microseconds);
}

size_t attune_sampling_stop(void) {
    set_interval(0);
    signal(SIGPROF, SIG_IGN);
    const size_t taken = atomic_load(&count);
    return taken < capacity ? taken : capacity;
}

/// The functions of this program's file, by address.
struct function {
    uintptr_t start, end;
    const char *name;
};
static struct function *functions;
static size_t function_count;
static uintptr_t base;

static int compare(const void *a, const void *b) {
    const struct function *left = a, *right = b;
    return left->start < right->start ? -1 : left->start > right->start;
}

/// The first of the loaded files is the program.
static int find_base(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size, (void)unused;
    base = info->dlpi_addr;
    return 1;
}

static void read_functions(void) {
    dl_iterate_phdr(find_base, NULL);
    const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0) return;
    if (fstat(file, &status)) {
        close(file);
        return;
    }
    // Stays mapped: the names are in it.
    const char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED) return;
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(bytes + header->e_shoff);
    for (size_t i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB) continue;
        const Elf64_Sym *symbols = (const Elf64_Sym *)(bytes + sections[i].sh_offset);
        const char *names = bytes + sections[sections[i].sh_link].sh_offset;
        const size_t total = sections[i].sh_size / sizeof *symbols;
        functions = malloc(total * sizeof *functions);
        if (!functions) return;
        for (size_t s = 0; s < total; s++) {
            if (ELF64_ST_TYPE(symbols[s].st_info) != STT_FUNC || !symbols[s].st_size) continue;
            functions[function_count++] = (struct function){
                symbols[s].st_value, symbols[s].st_value + symbols[s].st_size, names + symbols[s].st_name};
        }
        qsort(functions, function_count, sizeof *functions, compare);
        return;
    }
}

const char *attune_sampling_name(size_t sample) {
    if (!functions) read_functions();
    const uintptr_t address = samples[sample] - base;
    size_t low = 0, high = function_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (functions[middle].start <= address) low = middle + 1;
        else high = middle;
    }
    return low && address < functions[low - 1].end ? functions[low - 1].name : "";
}
