// The Hamming distance: the sum of what PRODUCT counts.
#define KIND PRODUCTS
#define ONE hamming
#define MANY hammings
#define MATRIX hamming_matrix
#include "forms.h"
#include "undefine.h"
