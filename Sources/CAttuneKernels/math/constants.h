// Constants that more than one instruction set uses.
#ifndef ATTUNE_MATH_CONSTANTS_H
#define ATTUNE_MATH_CONSTANTS_H

#define SQRT_HALF 0.707106781186547524f
#define RECIPROCAL_SQRT_TWO_PI 0.398942280401432678f

// tanh form of GELU: x/2 (1 + tanh(c (x + 0.044715 x^3))) = x / (1 + e^-(2c x + 2c 0.044715 x^3)), c = sqrt(2/pi).
#define GELU_TWO_C 1.59576912160573071f
#define GELU_TWO_C_CUBE 0.0713548162726002527f
#define GELU_LIMIT 30.0f

#endif
