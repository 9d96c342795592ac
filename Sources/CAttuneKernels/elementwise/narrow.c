// Activations whose values are kept in bfloat16: widened in small blocks for the kernels of float32.
#include "../include/attune_kernels.h"

enum { BLOCK = 256 };

void attune_gelu_bf16(const attune_kernels *kernels, int tanh, const uint16_t *x, uint16_t *y, size_t n) {
    float block[BLOCK];
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t count = n - i < BLOCK ? n - i : BLOCK;
        kernels->bfloat16_to_float32(x + i, block, count);
        (tanh ? kernels->gelu_tanh : kernels->gelu_erf)(block, block, count);
        kernels->float32_to_bfloat16(block, y + i, count);
    }
}

void attune_gelu_backward_bf16(
    const attune_kernels *kernels, int tanh, const float *dy, const uint16_t *x, uint16_t *dx, size_t n) {
    float block[BLOCK];
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t count = n - i < BLOCK ? n - i : BLOCK;
        kernels->bfloat16_to_float32(x + i, block, count);
        (tanh ? kernels->gelu_tanh_backward : kernels->gelu_erf_backward)(dy + i, block, block, count);
        kernels->float32_to_bfloat16(block, dx + i, count);
    }
}
