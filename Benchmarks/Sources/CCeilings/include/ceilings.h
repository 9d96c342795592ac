#ifndef ATTUNE_CEILINGS_H
#define ATTUNE_CEILINGS_H
#include <stddef.h>

/* What one core does when nothing but the named instruction runs, in operations (or bytes) a second; 0 where the CPU
   lacks the instruction. A multiplication and an addition count as two operations. Each call takes a few milliseconds. */
double ceiling_float32_fma(void);
double ceiling_bfloat16_dot(void);
double ceiling_int8_dot(void);

/* Bytes a second that one core reads in order from `count` bytes at `bytes` (64-byte aligned), over `passes` passes. */
double ceiling_read(const void *bytes, size_t count, int passes);

/* Keeps the calling thread on the first core that it may use, and returns that core; -1 where the system refuses. */
int pin_to_one_core(void);

#endif
