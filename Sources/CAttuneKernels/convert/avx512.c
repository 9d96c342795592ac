// Conversions with AVX-512 F, BW and VL.
//
// Instructions: vcvtph2ps, vcvtps2ph; for bfloat16 shifts and additions on the bits (vcvtneps2bf16 would flush
// subnormals), vpmovdw to narrow.
// Numeric policy: the bits of the scalar version.
#include "../math/avx512.h"

#if ATTUNE_X86

ATTUNE_AVX512 void attune_float16_to_float32_avx512(const uint16_t *x, float *y, size_t n) {
    EACH_16(n, { store512(y + i, mask, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, x + i))); });
}

ATTUNE_AVX512 void attune_float32_to_float16_avx512(const float *x, uint16_t *y, size_t n) {
    EACH_16(n, {
        const __m256i half = _mm512_cvtps_ph(load512(x + i, mask), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        _mm256_mask_storeu_epi16(y + i, mask, half);
    });
}

ATTUNE_AVX512 void attune_bfloat16_to_float32_avx512(const uint16_t *x, float *y, size_t n) {
    EACH_16(n, {
        const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, x + i));
        store512(y + i, mask, _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16)));
    });
}

ATTUNE_AVX512 void attune_float32_to_bfloat16_avx512(const float *x, uint16_t *y, size_t n) {
    const __m512i half = _mm512_set1_epi32(0x7fff), one = _mm512_set1_epi32(1), quiet = _mm512_set1_epi32(0x40);
    EACH_16(n, {
        const __m512 v = load512(x + i, mask);
        const __m512i bits = _mm512_castps_si512(v), upper = _mm512_srli_epi32(bits, 16);
        const __m512i even = _mm512_and_si512(upper, one);
        __m512i result = _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(half, even)), 16);
        result = _mm512_mask_or_epi32(result, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), upper, quiet);
        _mm256_mask_storeu_epi16(y + i, mask, _mm512_cvtepi32_epi16(result));
    });
}
#endif
