// What the families' tests share: the function under test, random numbers, guarded memory and comparisons.
#ifndef ATTUNE_HARNESS_H
#define ATTUNE_HARNESS_H

#include <attune_kernels.h>

#include <stddef.h>
#include <stdint.h>

/// The table that the others are compared with, and all that this processor has, itself included.
extern const attune_kernels *reference;
extern const attune_kernels *levels[8];
extern size_t level_count;

/// Half a unit in the last place of 1: the largest error of one rounding, as a share.
#define UNIT 0x1p-24

/// Every length with every way to end a row in the widest kernels, twice over, and two real widths.
#define FOR_EACH_LENGTH(n) for (size_t n = 0; n <= 768; n = n < 130 ? n + 1 : n < 384 ? 384 : n < 768 ? 768 : 769)

/// Says what is under test from here on: it is in the message of every failure, a crash included. Counts as one check.
void begin(const attune_kernels *level, const char *function, size_t n);

/// Ends the program, with what was under test in front of the message.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// How many checks began since the last call.
size_t checks_so_far(void);

/// Memory that ends `gap` bytes before a page that nobody may touch; what lies right before and behind it is guarded.
/// Guards are on it too, until something is written.
void *place(size_t bytes, size_t gap);
/// Fails where anything but the memory itself was written, and takes all memory back.
void check_guards(void);
/// Whether memory still holds what it held when it was placed.
int is_untouched(const void *memory, size_t bytes);

/// The same numbers in every run.
uint64_t random_bits(void);
/// In -scale...scale.
float random_float(float scale);
/// Places `n` random floats, `gap` floats before the end.
float *place_floats(size_t n, size_t gap, float scale);
/// Places a copy.
void *place_copy(const void *source, size_t bytes, size_t gap);

/// Within the bound; or both are NaN, or the same.
void expect_near(double found, double expected, double bound, size_t index);
/// Every element of `size` bytes has the same bits.
void expect_same(const void *found, const void *expected, size_t count, size_t size);

float float_of_bfloat(uint16_t bits);
float float_of_half(uint16_t bits);

// The families.
void test_dispatch(void);
void test_distances(const attune_kernels *level);
void test_elementwise(const attune_kernels *level);
void test_optimizer(const attune_kernels *level);
void test_convert(const attune_kernels *level);
void test_rows(const attune_kernels *level);
void test_operands(const attune_kernels *level);
void test_products(const attune_kernels *level);
void test_attention(const attune_kernels *level);
void test_codes(const attune_kernels *level);
void test_digest(void);
void test_text(void);
void test_system(void);

#endif
