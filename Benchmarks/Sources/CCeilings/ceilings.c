// Twelve independent chains hide the latency of the longest instruction measured; the empty assembler statement keeps
// the compiler from folding a chain without adding an instruction.
#define _GNU_SOURCE
#include "ceilings.h"
#include <sched.h>
#include <time.h>

static double seconds_of_this_thread(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static volatile float float_sink;
static volatile long long integer_sink;

#if defined(__x86_64__)
#include <immintrin.h>

#define TWELVE(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11)
enum { repetitions = 1000000, chains = 12 };

__attribute__((target("avx2,fma"))) static double fma_avx2(void) {
    const __m256 a = _mm256_set1_ps(1.0000001f), b = _mm256_set1_ps(1e-9f);
#define START(i) __m256 c##i = _mm256_set1_ps(i);
    TWELVE(START)
#undef START
    const double start = seconds_of_this_thread();
    for (long r = 0; r < repetitions; r++) {
#define STEP(i) c##i = _mm256_fmadd_ps(a, b, c##i); __asm__ volatile("" : "+v"(c##i));
        TWELVE(STEP)
#undef STEP
    }
    const double taken = seconds_of_this_thread() - start;
    __m256 sum = a;
#define END(i) sum = _mm256_add_ps(sum, c##i);
    TWELVE(END)
#undef END
    float_sink = _mm256_cvtss_f32(sum);
    return 2.0 * 8 * chains * repetitions / taken;
}

__attribute__((target("avx512f"))) static double fma_avx512(void) {
    const __m512 a = _mm512_set1_ps(1.0000001f), b = _mm512_set1_ps(1e-9f);
#define START(i) __m512 c##i = _mm512_set1_ps(i);
    TWELVE(START)
#undef START
    const double start = seconds_of_this_thread();
    for (long r = 0; r < repetitions; r++) {
#define STEP(i) c##i = _mm512_fmadd_ps(a, b, c##i); __asm__ volatile("" : "+v"(c##i));
        TWELVE(STEP)
#undef STEP
    }
    const double taken = seconds_of_this_thread() - start;
    __m512 sum = a;
#define END(i) sum = _mm512_add_ps(sum, c##i);
    TWELVE(END)
    float_sink = _mm512_reduce_add_ps(sum);
    return 2.0 * 16 * chains * repetitions / taken;
}

__attribute__((target("avx512f,avx512bf16"))) static double bfloat16_avx512(void) {
    const __m512bh a = (__m512bh)_mm512_set1_epi32(0x3f803f80), b = a;
#define START(i) __m512 c##i = _mm512_set1_ps(i);
    TWELVE(START)
#undef START
    const double start = seconds_of_this_thread();
    for (long r = 0; r < repetitions; r++) {
#define STEP(i) c##i = _mm512_dpbf16_ps(c##i, a, b); __asm__ volatile("" : "+v"(c##i));
        TWELVE(STEP)
#undef STEP
    }
    const double taken = seconds_of_this_thread() - start;
    __m512 sum = c0;
    TWELVE(END)
#undef END
    float_sink = _mm512_reduce_add_ps(sum);
    return 2.0 * 32 * chains * repetitions / taken;
}

__attribute__((target("avx512f,avx512vnni"))) static double int8_avx512(void) {
    const __m512i a = _mm512_set1_epi8(1), b = a;
#define START(i) __m512i c##i = _mm512_set1_epi32(i);
    TWELVE(START)
#undef START
    const double start = seconds_of_this_thread();
    for (long r = 0; r < repetitions; r++) {
#define STEP(i) c##i = _mm512_dpbusd_epi32(c##i, a, b); __asm__ volatile("" : "+v"(c##i));
        TWELVE(STEP)
#undef STEP
    }
    const double taken = seconds_of_this_thread() - start;
    __m512i sum = a;
#define END(i) sum = _mm512_add_epi32(sum, c##i);
    TWELVE(END)
#undef END
    integer_sink = _mm512_reduce_add_epi32(sum);
    return 2.0 * 64 * chains * repetitions / taken;
}

double ceiling_float32_fma(void) {
    if (__builtin_cpu_supports("avx512f")) return fma_avx512();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? fma_avx2() : 0;
}

double ceiling_bfloat16_dot(void) { return __builtin_cpu_supports("avx512bf16") ? bfloat16_avx512() : 0; }

double ceiling_int8_dot(void) { return __builtin_cpu_supports("avx512vnni") ? int8_avx512() : 0; }

#else

double ceiling_float32_fma(void) { return 0; }
double ceiling_bfloat16_dot(void) { return 0; }
double ceiling_int8_dot(void) { return 0; }

#endif

double ceiling_read(const void *bytes, size_t count, int passes) {
    typedef long long lanes __attribute__((vector_size(64)));
    const lanes *block = bytes;
    const size_t blocks = count / sizeof(lanes) / 4 * 4;
    lanes sums[4] = {{0}};
    const double start = seconds_of_this_thread();
    for (int pass = 0; pass < passes; pass++) {
        for (size_t i = 0; i < blocks; i += 4) {
            sums[0] += block[i];
            sums[1] += block[i + 1];
            sums[2] += block[i + 2];
            sums[3] += block[i + 3];
        }
        __asm__ volatile("" ::: "memory");
    }
    const double taken = seconds_of_this_thread() - start;
    const lanes sum = sums[0] + sums[1] + sums[2] + sums[3];
    for (int i = 0; i < 8; i++) integer_sink += sum[i];
    return (double)(blocks * sizeof(lanes)) * passes / taken;
}

int pin_to_one_core(void) {
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed)) return -1;
    for (int core = 0; core < CPU_SETSIZE; core++) {
        if (!CPU_ISSET(core, &allowed)) continue;
        CPU_ZERO(&one);
        CPU_SET(core, &one);
        return sched_setaffinity(0, sizeof one, &one) ? -1 : core;
    }
    return -1;
}
