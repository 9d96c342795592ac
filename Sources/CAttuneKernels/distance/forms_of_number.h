// All functions of one number type, on its loops: products, squared distances unless WITHOUT_DIFFERENCES, cosines.

#define KIND PRODUCTS
#define ONE dot
#define MANY dots
#define MATRIX dot_matrix
#include "forms.h"

#ifndef WITHOUT_DIFFERENCES
#define KIND DIFFERENCES
#define ONE squared_l2
#define MANY squared_l2s
#define MATRIX squared_l2_matrix
#include "forms.h"
#endif

#include "cosines.h"
#include "undefine.h"
