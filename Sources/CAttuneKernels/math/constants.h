// Constants that more than one instruction set uses.
#ifndef ATTUNE_MATH_CONSTANTS_H
#define ATTUNE_MATH_CONSTANTS_H

#define SQRT_HALF 0.707106781186547524f
#define RECIPROCAL_SQRT_TWO_PI 0.398942280401432678f

// tanh form of GELU: x/2 (1 + tanh(c (x + 0.044715 x^3))) = x / (1 + e^-(2c x + 2c 0.044715 x^3)), c = sqrt(2/pi).
#define GELU_TWO_C 1.59576912160573071f
#define GELU_TWO_C_CUBE 0.0713548162726002527f
#define GELU_LIMIT 30.0f

// The normal distribution function where results are rounded to bfloat16 or 8 bits: 1/2 + x P(x^2), x cut to the limit; a minimax
// fit of x times it: within 1.3e-4 below 4, within a share of 6.4e-5 beyond.
#define SHORT_GELU_LIMIT 3.75f
#define SHORT_GELU_0 0.39833149313926697f
#define SHORT_GELU_1 -0.06525230407714844f
#define SHORT_GELU_2 0.00910805445164442f
#define SHORT_GELU_3 -0.0008891094475984573f
#define SHORT_GELU_4 5.6348686484852806e-05f
#define SHORT_GELU_5 -2.0557927200570703e-06f
#define SHORT_GELU_6 3.244711876959627e-08f

// 2^r for |r| <= 1/2 where the result is rounded to bfloat16: a minimax fit, within a share of 7.5e-5.
#define SHORT_EXP2_0 0.9999280571937561f
#define SHORT_EXP2_1 0.6932609677314758f
#define SHORT_EXP2_2 0.2426111251115799f
#define SHORT_EXP2_3 0.05517164245247841f

// e^x = 2^n e^r with n = round(x log2 e), r = x - n ln 2 in two parts, |r| <= ln 2 / 2 (Cody and Waite). e^r by the
// polynomial of Cephes' expf: 1 + r + r^2 (c5 + c4 r + ... ), error below 0.6 ULP before rounding.
// Below EXP_LOWEST the result rounds to 0, above EXP_HIGHEST to infinity.
#define EXP_LOWEST -104.0f
#define EXP_HIGHEST 89.0f
#define LOG2_E 1.44269504088896341f
#define LN_2_HIGH 0.693359375f
#define LN_2_LOW -2.12194440e-4f
#define EXP_C0 1.9875691500e-4f
#define EXP_C1 1.3981999507e-3f
#define EXP_C2 8.3334519073e-3f
#define EXP_C3 4.1665795894e-2f
#define EXP_C4 1.6666665459e-1f
#define EXP_C5 5.0000001201e-1f

// erf(z) below ERF_BORDER: z + z P(z^2). erfc(t) from there on: e^(-t - t Q(t)). The coefficients are Norbert Juffa's
// (1 ULP in erf).
#define ERF_BORDER 0.927734375f
#define ERF_SMALL_0 -5.96761703e-4f
#define ERF_SMALL_1 4.99119423e-3f
#define ERF_SMALL_2 -2.67681349e-2f
#define ERF_SMALL_3 1.12819925e-1f
#define ERF_SMALL_4 -3.76125336e-1f
#define ERF_SMALL_5 1.28379166e-1f
#define ERF_LARGE_0 -1.72853470e-5f
#define ERF_LARGE_1 3.83197126e-4f
#define ERF_LARGE_2 -3.88396438e-3f
#define ERF_LARGE_3 2.42546219e-2f
#define ERF_LARGE_4 -1.06777877e-1f
#define ERF_LARGE_5 -6.34846687e-1f
#define ERF_LARGE_6 -1.28717512e-1f

#endif
