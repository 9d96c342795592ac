// Where a program spends its processor time: its own addresses, taken at regular intervals, and the names they belong to.
#ifndef ATTUNE_SAMPLING_H
#define ATTUNE_SAMPLING_H

#include <stddef.h>

/// Begins to take a sample of whichever thread is at work, every so many microseconds of processor time. Returns 0, or -1
/// where the system refuses.
int attune_sampling_start(long microseconds);

/// Ends it. Returns the number of samples; those beyond some hundred thousand were not kept.
size_t attune_sampling_stop(void);

/// The name of the function in which a sample was taken; "" outside of the program's own code.
const char *attune_sampling_name(size_t sample);

#endif
