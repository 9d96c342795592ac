// Sorting what was found.
#ifndef ATTUNE_CODES_SORT_H
#define ATTUNE_CODES_SORT_H

#include <stddef.h>

/// Sorts entries of a distance, as float, and a number of 32 bits behind it by the distance, ties by the lower number. -0 is
/// before 0.
void attune_sort_by_distance(void *entries, size_t count);

#endif
