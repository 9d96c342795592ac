#include "attune_kernels.h"
int attune_kernels_abi(void) { return 1; }
