/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-point arithmetic as TensorFlow Lite Micro's reference kernels do it, with gemmlowp's two roundings. */
#ifndef KWS_NN_MATH_H
#define KWS_NN_MATH_H

#include "kws_nn.h"

/* a * b / 2^31, rounded to nearest, halves upwards. a and b may not both be INT32_MIN.
 * gemmlowp: SaturatingRoundingDoublingHighMul. */
static inline int32_t kws_nn_multiply_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* x / 2^shift, rounded to nearest, halves away from zero; shift 0 to 31. gemmlowp: RoundingDivideByPOT. */
static inline int32_t kws_nn_divide_by_power(int32_t x, int32_t shift)
{
    const int32_t mask = (int32_t)(((uint32_t)1 << shift) - 1u);
    const int32_t half = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> shift) + ((x & mask) > half ? 1 : 0);
}

/* x * 2^shift modulo 2^32, as the reference's multiplication comes out. */
static inline int32_t kws_nn_shift_left(int32_t x, int32_t shift)
{
    return (int32_t)((uint32_t)x << shift);
}

/* x * multiplier * 2^(shift - 31). TFLM: MultiplyByQuantizedMultiplier. */
static inline int32_t kws_nn_multiply(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    return kws_nn_divide_by_power(kws_nn_multiply_high(kws_nn_shift_left(x, left), multiplier), left - shift);
}

static inline int32_t kws_nn_clamp(int32_t x, int32_t minimum, int32_t maximum)
{
    return x < minimum ? minimum : x > maximum ? maximum : x;
}

/* From a channel's sum to its int8 output. A scaled sum next to INT32_MAX wraps, as in the reference. */
static inline int8_t kws_nn_output(const kws_nn_requantize *requantize, int32_t channel, int32_t sum)
{
    const int32_t at = channel * requantize->step;
    const int32_t scaled = kws_nn_multiply(sum, requantize->multipliers[at], requantize->shifts[at]);
    const int32_t value = (int32_t)((uint32_t)scaled + (uint32_t)requantize->zero_point);
    return (int8_t)kws_nn_clamp(value, requantize->minimum, requantize->maximum);
}

typedef struct {
    int32_t begin, end;
} kws_nn_range;

/* The part of `count` neighbouring rows or columns from `first` on that lies inside of an image of `size`. */
static inline kws_nn_range kws_nn_inside(int32_t first, int32_t count, int32_t size)
{
    const int32_t end = first + count;
    const kws_nn_range range = {.begin = first < 0 ? 0 : first, .end = end < size ? end : size};
    return range;
}

/* Whether an index of an image's row or column lies outside of it. */
static inline int kws_nn_is_outside(int32_t index, int32_t size)
{
    return index < 0 || index >= size;
}

#endif
