// Declares every kernel of an instruction set, and fills its table: the one place that lists them.
#ifndef ATTUNE_KERNEL_LIST_H
#define ATTUNE_KERNEL_LIST_H

#include "include/attune_kernels.h"

#if defined(__x86_64__)
#define ATTUNE_X86 1
#define ATTUNE_AVX2 __attribute__((target("avx2,fma,f16c")))
#define ATTUNE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,prfchw")))
#define ATTUNE_AVX512VNNI __attribute__((target("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,prfchw")))
#define ATTUNE_AVX512POPCNT __attribute__((target("avx512vpopcntdq,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,prfchw")))
#define ATTUNE_AVX512BF16 __attribute__((target("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,prfchw")))
#elif defined(__aarch64__)
#define ATTUNE_ARM64 1
#endif
#define ATTUNE_INLINE static inline __attribute__((always_inline))
/// Before a loop over registers, whose indexes must be constants. Compilers other than clang decide for themselves.
#if defined(__clang__)
#define ATTUNE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ATTUNE_UNROLL
#endif

/// Rows of x that stay in the level-2 cache while the panels of a product pass by.
enum { ATTUNE_PRODUCT_BLOCK = 96 };

// Distances: one kind of sum in its three forms. A higher level declares only the kinds that it does better.
#define ATTUNE_DECLARE_FORMS(one, many, matrix, type, isa, element, result)                                            \
    result attune_##one##_##type##_##isa(const element *a, const element *b, size_t n);                                \
    void attune_##many##_##type##_##isa(                                                                               \
        const element *query, const element *rows, size_t stride, size_t count, size_t n, result *out);                \
    void attune_##matrix##_##type##_##isa(                                                                             \
        const element *queries, size_t query_stride, size_t query_count, const element *rows, size_t stride,           \
        size_t count, size_t n, result *out, size_t out_stride);
#define ATTUNE_DECLARE_DOTS(type, isa, element, result)                                                                \
    ATTUNE_DECLARE_FORMS(dot, dots, dot_matrix, type, isa, element, result)                                            \
    ATTUNE_DECLARE_FORMS(cosine, cosines, cosine_matrix, type, isa, element, float)
#define ATTUNE_DECLARE_SQUARED_L2S(type, isa, element, result)                                                         \
    ATTUNE_DECLARE_FORMS(squared_l2, squared_l2s, squared_l2_matrix, type, isa, element, result)
#define ATTUNE_DECLARE_HAMMINGS(isa)                                                                                   \
    ATTUNE_DECLARE_FORMS(hamming, hammings, hamming_matrix, b1, isa, uint8_t, int32_t)
#define ATTUNE_DECLARE_ROWS(type, isa, element)                                                                        \
    float attune_dot_##type##_##isa(const float *query, const element *row, size_t n);                                 \
    void attune_dots_##type##_##isa(                                                                                   \
        const float *query, const element *rows, size_t stride, size_t count, size_t n, float *out);                   \
    float attune_squared_l2_##type##_##isa(const float *query, const element *row, size_t n);                          \
    void attune_squared_l2s_##type##_##isa(                                                                            \
        const float *query, const element *rows, size_t stride, size_t count, size_t n, float *out);
#define ATTUNE_DECLARE_DISTANCES(isa)                                                                                  \
    ATTUNE_DECLARE_DOTS(f32, isa, float, float)                                                                        \
    ATTUNE_DECLARE_DOTS(f16, isa, uint16_t, float)                                                                     \
    ATTUNE_DECLARE_DOTS(bf16, isa, uint16_t, float)                                                                    \
    ATTUNE_DECLARE_DOTS(i8, isa, int8_t, int32_t)                                                                      \
    ATTUNE_DECLARE_SQUARED_L2S(f32, isa, float, float)                                                                 \
    ATTUNE_DECLARE_SQUARED_L2S(f16, isa, uint16_t, float)                                                              \
    ATTUNE_DECLARE_SQUARED_L2S(bf16, isa, uint16_t, float)                                                             \
    ATTUNE_DECLARE_SQUARED_L2S(i8, isa, int8_t, int32_t)                                                               \
    ATTUNE_DECLARE_HAMMINGS(isa)                                                                                       \
    ATTUNE_DECLARE_ROWS(f32_bf16, isa, uint16_t)                                                                       \
    ATTUNE_DECLARE_ROWS(f32_u8, isa, uint8_t)                                                                          \
    void attune_values_f32_u8_##isa(const uint8_t *row, size_t n, float *out);

/// The distances of one type, by one level's functions.
#define ATTUNE_DISTANCES(type, isa)                                                                                    \
    {                                                                                                                  \
        .dot = attune_dot_##type##_##isa,                                                                              \
        .dots = attune_dots_##type##_##isa,                                                                            \
        .dot_matrix = attune_dot_matrix_##type##_##isa,                                                                \
        .squared_l2 = attune_squared_l2_##type##_##isa,                                                                \
        .squared_l2s = attune_squared_l2s_##type##_##isa,                                                              \
        .squared_l2_matrix = attune_squared_l2_matrix_##type##_##isa,                                                  \
        .cosine = attune_cosine_##type##_##isa,                                                                        \
        .cosines = attune_cosines_##type##_##isa,                                                                      \
        .cosine_matrix = attune_cosine_matrix_##type##_##isa,                                                          \
    }
#define ATTUNE_ROWS(type, isa, ...)                                                                                    \
    {                                                                                                                  \
        .dot = attune_dot_##type##_##isa,                                                                              \
        .dots = attune_dots_##type##_##isa,                                                                            \
        .squared_l2 = attune_squared_l2_##type##_##isa,                                                                \
        .squared_l2s = attune_squared_l2s_##type##_##isa,                                                              \
        __VA_ARGS__                                                                                                    \
    }
#define ATTUNE_HAMMINGS(isa)                                                                                           \
    {                                                                                                                  \
        .hamming = attune_hamming_b1_##isa,                                                                            \
        .hammings = attune_hammings_b1_##isa,                                                                          \
        .hamming_matrix = attune_hamming_matrix_b1_##isa,                                                              \
    }

// What inference in reduced precision adds, by the levels that have instructions for it.
#define ATTUNE_DECLARE_BF16_PRODUCTS(isa)                                                                              \
    void attune_product_bf16_##isa(const attune_operand *x, const attune_panels *w, const attune_tail *tail);          \
    float attune_exponentials_bf16_##isa(const float *x, size_t n, float scale, uint16_t *y);
#define ATTUNE_DECLARE_INT8_PRODUCTS(isa)                                                                              \
    void attune_product_int8_##isa(const attune_operand *x, const attune_panels *w, const attune_tail *tail);

#define ATTUNE_DECLARE_KERNELS(isa)                                                                                    \
    ATTUNE_DECLARE_DISTANCES(isa)                                                                                      \
    void attune_axpy_f32_##isa(float alpha, const float *x, float *y, size_t n);                                       \
    void attune_scale_f32_##isa(float alpha, float *x, size_t n);                                                      \
    void attune_multiply_f32_##isa(const float *x, float *y, size_t n);                                                \
    void attune_exponential_f32_##isa(const float *x, float *y, size_t n);                                             \
    void attune_gelu_erf_f32_##isa(const float *x, float *y, size_t n);                                                \
    void attune_gelu_erf_backward_f32_##isa(const float *dy, const float *x, float *dx, size_t n);                     \
    void attune_gelu_tanh_f32_##isa(const float *x, float *y, size_t n);                                               \
    void attune_gelu_tanh_backward_f32_##isa(const float *dy, const float *x, float *dx, size_t n);                    \
    float attune_sum_f32_##isa(const float *x, size_t n);                                                              \
    double attune_sum_squares_f32_##isa(const float *x, size_t n);                                                     \
    float attune_max_abs_f32_##isa(const float *x, size_t n);                                                          \
    void attune_softmax_f32_##isa(float *x, size_t n, float scale);                                                    \
    void attune_softmax_backward_f32_##isa(const float *dy, const float *y, float *dx, size_t n, float scale);         \
    void attune_layer_norm_f32_##isa(                                                                                  \
        const float *x, const float *gain, const float *bias, size_t n, float epsilon, float *y, float *mean,          \
        float *reciprocal_deviation);                                                                                  \
    void attune_layer_norm_backward_f32_##isa(                                                                         \
        const float *dy, const float *x, const float *gain, float mean, float reciprocal_deviation, size_t n,          \
        float *dx);                                                                                                    \
    void attune_layer_norm_backward_parameters_f32_##isa(                                                              \
        const float *dy, const float *x, float mean, float reciprocal_deviation, size_t n, float *gain_gradient,       \
        float *bias_gradient);                                                                                         \
    float attune_normalize_f32_##isa(float *x, size_t n, float epsilon);                                               \
    void attune_normalize_backward_f32_##isa(const float *dy, const float *y, float norm, float *dx, size_t n);        \
    void attune_adamw_f32_##isa(                                                                                       \
        float *parameters, const float *gradients, float *first_moment, float *second_moment, size_t n,                \
        const attune_adamw *setting);                                                                                  \
    void attune_product_f32_##isa(const attune_operand *x, const attune_panels *w, const attune_tail *tail);           \
    ATTUNE_DECLARE_BF16_PRODUCTS(isa)                                                                                  \
    ATTUNE_DECLARE_INT8_PRODUCTS(isa)                                                                                  \
    void attune_quantize_##isa(const float *x, size_t n, uint8_t *y, float *scale, int32_t *zero);                     \
    void attune_pack_words_##isa(                                                                                      \
        const uint32_t *x, size_t stride, size_t rows, size_t words, uint32_t *packed);                                \
    void attune_pack_pairs_##isa(                                                                                      \
        const uint16_t *x, size_t stride, size_t rows, size_t columns, uint16_t *packed);                              \
    void attune_float16_to_float32_##isa(const uint16_t *x, float *y, size_t n);                                       \
    void attune_float32_to_float16_##isa(const float *x, uint16_t *y, size_t n);                                       \
    void attune_bfloat16_to_float32_##isa(const uint16_t *x, float *y, size_t n);                                      \
    void attune_float32_to_bfloat16_##isa(const float *x, uint16_t *y, size_t n);                                      \
    void attune_code_rotate_##isa(const uint8_t *signs, float *x, size_t n);                                           \
    void attune_code_tables_##isa(                                                                                     \
        const float *query, size_t width, uint8_t *tables, float *step, float *offset, float *error);                  \
    void attune_code_sums_##isa(                                                                                       \
        const uint8_t *tables, size_t columns, const uint8_t *blocks, size_t block_size, size_t block_count,           \
        uint32_t *sums, const uint8_t *coming);                                                                        \
    size_t attune_code_scan_##isa(                                                                                     \
        const attune_code_query *query, const uint8_t *blocks, size_t count, const uint32_t *eligible, uint32_t *rows, \
        float *reaches);

/// The table of a level. Its functions are those of `isa`, but distances of float16 those of `f16_isa`, distances and
/// products of bfloat16 those of `bf16_isa`, distances and products of int8 those of `int8_isa`, distances of bits those of
/// `bits_isa`.
#define ATTUNE_KERNEL_TABLE(level, isa, f16_isa, bf16_isa, int8_isa, bits_isa)                                         \
    {                                                                                                                  \
        .name = #level,                                                                                                \
        .dot = attune_dot_f32_##isa,                                                                                   \
        .squared_l2 = attune_squared_l2_f32_##isa,                                                                     \
        .cosine = attune_cosine_f32_##isa,                                                                             \
        .dots = attune_dots_f32_##isa,                                                                                 \
        .squared_l2s = attune_squared_l2s_f32_##isa,                                                                   \
        .cosines = attune_cosines_f32_##isa,                                                                           \
        .dot_matrix = attune_dot_matrix_f32_##isa,                                                                     \
        .squared_l2_matrix = attune_squared_l2_matrix_f32_##isa,                                                       \
        .cosine_matrix = attune_cosine_matrix_f32_##isa,                                                               \
        .float16 = ATTUNE_DISTANCES(f16, f16_isa),                                                                     \
        .bfloat16 = ATTUNE_DISTANCES(bf16, bf16_isa),                                                                  \
        .int8 = ATTUNE_DISTANCES(i8, int8_isa),                                                                        \
        .bits = ATTUNE_HAMMINGS(bits_isa),                                                                             \
        .bfloat16_rows = ATTUNE_ROWS(f32_bf16, isa),                                                                   \
        .byte_rows = ATTUNE_ROWS(f32_u8, isa, .values = attune_values_f32_u8_##isa),                                   \
        .axpy = attune_axpy_f32_##isa,                                                                                 \
        .scale = attune_scale_f32_##isa,                                                                               \
        .multiply = attune_multiply_f32_##isa,                                                                         \
        .exponential = attune_exponential_f32_##isa,                                                                   \
        .gelu_erf = attune_gelu_erf_f32_##isa,                                                                         \
        .gelu_erf_backward = attune_gelu_erf_backward_f32_##isa,                                                       \
        .gelu_tanh = attune_gelu_tanh_f32_##isa,                                                                       \
        .gelu_tanh_backward = attune_gelu_tanh_backward_f32_##isa,                                                     \
        .sum = attune_sum_f32_##isa,                                                                                   \
        .sum_squares = attune_sum_squares_f32_##isa,                                                                   \
        .max_abs = attune_max_abs_f32_##isa,                                                                           \
        .softmax = attune_softmax_f32_##isa,                                                                           \
        .softmax_backward = attune_softmax_backward_f32_##isa,                                                         \
        .layer_norm = attune_layer_norm_f32_##isa,                                                                     \
        .layer_norm_backward = attune_layer_norm_backward_f32_##isa,                                                   \
        .layer_norm_backward_parameters = attune_layer_norm_backward_parameters_f32_##isa,                             \
        .normalize = attune_normalize_f32_##isa,                                                                       \
        .normalize_backward = attune_normalize_backward_f32_##isa,                                                     \
        .adamw = attune_adamw_f32_##isa,                                                                               \
        .product_f32 = attune_product_f32_##isa,                                                                       \
        .product_bf16 = attune_product_bf16_##bf16_isa,                                                                \
        .exponentials_bf16 = attune_exponentials_bf16_##bf16_isa,                                                      \
        .product_int8 = attune_product_int8_##int8_isa,                                                                \
        .quantize = attune_quantize_##isa,                                                                             \
        .pack_words = attune_pack_words_##isa,                                                                         \
        .pack_pairs = attune_pack_pairs_##isa,                                                                         \
        .float16_to_float32 = attune_float16_to_float32_##isa,                                                         \
        .float32_to_float16 = attune_float32_to_float16_##isa,                                                         \
        .bfloat16_to_float32 = attune_bfloat16_to_float32_##isa,                                                       \
        .float32_to_bfloat16 = attune_float32_to_bfloat16_##isa,                                                       \
        .code_rotate = attune_code_rotate_##isa,                                                                       \
        .code_tables = attune_code_tables_##isa,                                                                       \
        .code_sums = attune_code_sums_##isa,                                                                           \
        .code_scan = attune_code_scan_##isa,                                                                           \
    }

/// Asks for bytes that are read soon, into the level-2 cache.
ATTUNE_INLINE void attune_fetch(const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i += 64) __builtin_prefetch(bytes + i, 0, 2);
}

/// Whether the processor computes on registers of 512 bits in one piece, as all do that have them but Zen 4.
int attune_has_whole_registers(void);

ATTUNE_DECLARE_KERNELS(scalar)
#if ATTUNE_X86
ATTUNE_DECLARE_KERNELS(avx2)
ATTUNE_DECLARE_KERNELS(avx512)
ATTUNE_DECLARE_DOTS(f16, avx512wide, uint16_t, float)
ATTUNE_DECLARE_SQUARED_L2S(f16, avx512wide, uint16_t, float)
ATTUNE_DECLARE_DOTS(bf16, avx512bf16, uint16_t, float)
ATTUNE_DECLARE_SQUARED_L2S(bf16, avx512bf16, uint16_t, float)
ATTUNE_DECLARE_DOTS(i8, avx512vnni, int8_t, int32_t)
ATTUNE_DECLARE_SQUARED_L2S(i8, avx512vnni, int8_t, int32_t)
ATTUNE_DECLARE_HAMMINGS(avx512popcnt)
ATTUNE_DECLARE_BF16_PRODUCTS(avx512bf16)
ATTUNE_DECLARE_INT8_PRODUCTS(avx512vnni)
#elif ATTUNE_ARM64
ATTUNE_DECLARE_KERNELS(neon)
#endif

#endif
