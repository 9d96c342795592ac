#ifndef ATTUNE_KERNELS_H
#define ATTUNE_KERNELS_H
#include <stddef.h>
#include <stdint.h>
int attune_kernels_abi(void);
#endif
