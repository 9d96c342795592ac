// Dot products and cosines of bfloat16 with AVX-512 BF16. Squared L2 stays with AVX-512: the instruction cannot
// subtract.
//
// Instructions: vdpbf16ps zmm (5 or 6 cycles; one a cycle on Zen 4), 32 products each.
// Numeric policy: float32 in the order of loops.h, but each lane adds a pair of products a step, and the instruction
// rounds twice (to nearest, ties to even, whatever the mode) and takes and gives subnormals as zero. A sum of n
// products of normal numbers is so within (n + 2) 2^-24 of the sum of their magnitudes, as in float32, plus n 2^-126.
#include "lanes512.h"
#include "names.h"

#if ATTUNE_X86
#define TARGET ATTUNE_AVX512BF16
#define ISA avx512bf16
#define ROWS 4
#define TILE 4

INLINE __m512 products_bf16(__m512bh a, __m512bh b, __m512 s) { return _mm512_dpbf16_ps(s, a, b); }

#define TYPE bf16
#define ELEMENT uint16_t
#define RESULT float
#define LANES __m512bh
#define SUM __m512
#define WIDTH 32
#define LOAD(p) ((__m512bh)_mm512_loadu_si512(p))
#define LOAD_PART(p, rest) ((__m512bh)_mm512_maskz_loadu_epi16(mask32(rest), p))
#define PRODUCT products_bf16
#define WITHOUT_DIFFERENCES
#define ZERO _mm512_setzero_ps()
#define ADD _mm512_add_ps
#define TOTAL float_total512
#define TOTALS float_totals512
#define CHAINS 4
#define NORM float_norm
#define COSINE float_cosine
#include "loops.h"
#include "forms_of_number.h"
#endif
