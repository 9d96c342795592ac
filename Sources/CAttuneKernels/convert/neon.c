// Conversions with NEON.
//
// Instructions: fcvtl, fcvtn; for bfloat16 shifts and additions on the bits. Sixteen-bit tails go through a buffer of
// four.
// Numeric policy: the bits of the scalar version.
#include "../math/neon.h"

#if ATTUNE_ARM64

void attune_float16_to_float32_neon(const uint16_t *x, float *y, size_t n) {
    EACH_4(n, { store4(y + i, rest, widened_float16(load_halves4(x + i, rest))); });
}

void attune_float32_to_float16_neon(const float *x, uint16_t *y, size_t n) {
    EACH_4(n, { store_halves4(y + i, rest, vreinterpret_u16_f16(vcvt_f16_f32(load4(x + i, rest)))); });
}

void attune_bfloat16_to_float32_neon(const uint16_t *x, float *y, size_t n) {
    EACH_4(n, { store4(y + i, rest, widened_bfloat16(load_halves4(x + i, rest))); });
}

void attune_float32_to_bfloat16_neon(const float *x, uint16_t *y, size_t n) {
    EACH_4(n, { store_halves4(y + i, rest, bfloat16_of(load4(x + i, rest))); });
}
#endif
