// All functions of a float32 query with rows of another type, on block.h or plain_loops.h: products and squared
// differences, one-to-one and one-to-many; where rows have FACTORS, also the numbers of one.
//
// A result has the bits that float32 has on the same level with the row's numbers: they are added up in the same order.

#define KIND PRODUCTS
#define ONE dot
#define MANY dots
#include "forms.h"

#define KIND DIFFERENCES
#define ONE squared_l2
#define MANY squared_l2s
#include "forms.h"

#ifdef FACTORS
TARGET void NAME(values)(const ELEMENT *row, size_t n, float *out) {
    size_t i = 0;
#ifdef STORE
    const FACTORS factors = FACTORS_OF(row, n);
    for (; i + WIDTH <= n; i += WIDTH) STORE(out + i, DECODED(factors, LOAD(row + i)));
#endif
    const float step = byte_row_factor(row, n, 0), low = byte_row_factor(row, n, 1);
    for (; i < n; i++) out[i] = __builtin_fmaf(step, (float)row[i], low);
}
#endif

#include "undefine.h"
