// SHA-256 compression with the SHA extensions of x86.
//
// Instructions: sha256rnds2 (two rounds on the state kept as ABEF and CDGH), sha256msg1 and sha256msg2 (the message
// schedule, four words at a time), palignr. Sixteen groups of four rounds make the 64.
#include "sha256.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define SHA_NI __attribute__((target("sha,sse4.1,ssse3")))

int attune_sha256_has_instructions(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b >> 29 & 1)) return 0;
    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1");
}

SHA_NI void attune_sha256_compress_ni(uint32_t state[8], const uint8_t *p, size_t blocks) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i low = _mm_loadu_si128((const __m128i *)state);         // DCBA, highest word first
    __m128i high = _mm_loadu_si128((const __m128i *)(state + 4));  // HGFE
    low = _mm_shuffle_epi32(low, 0xb1);                            // CDAB
    high = _mm_shuffle_epi32(high, 0x1b);                          // EFGH
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);

    for (; blocks > 0; blocks--, p += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];
        for (int i = 0; i < 4; i++) {
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(p + 16 * i)), swap);
        }
#pragma clang loop unroll(full)
        for (int group = 0; group < 16; group++) {
            const __m128i k = _mm_load_si128((const __m128i *)(attune_sha256_constants + 4 * group));
            const __m128i sum = _mm_add_epi32(w[group & 3], k);
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
            if (group < 12) {
                // w[t] = s1(w[t-2]) + w[t-7] + s0(w[t-15]) + w[t-16], four words at once, over the four just used.
                const __m128i last = w[(group + 3) & 3];
                __m128i next = _mm_sha256msg1_epu32(w[group & 3], w[(group + 1) & 3]);
                next = _mm_add_epi32(next, _mm_alignr_epi8(last, w[(group + 2) & 3], 4));
                w[group & 3] = _mm_sha256msg2_epu32(next, last);
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }

    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#else

int attune_sha256_has_instructions(void) { return 0; }

void attune_sha256_compress_ni(uint32_t state[8], const uint8_t *p, size_t blocks) {
    (void)state, (void)p, (void)blocks;  // never called: the processor has no such instructions
}

#endif
