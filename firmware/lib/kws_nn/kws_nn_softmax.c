/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* Qi.f below: a number x is stored as the integer x * 2^f, i + f = 31. The method and its constants are gemmlowp's
 * (fixedpoint/fixedpoint.h), which TensorFlow Lite's quantized softmax is defined by. */
#define ONE_EIGHTH (1 << 28)         /* Q0.31 */
#define ONE_THIRD 715827883          /* Q0.31 */
#define EXP_MINUS_EIGHTH 1895147668  /* Q0.31, exp(-1/8) */
#define ONE_QUARTER (1 << 24)        /* Q5.26 */
#define FORTY_EIGHT_17THS 1515870810 /* Q2.29, 48/17 */
#define THIRTY_TWO_17THS 1010580540  /* Q2.29, 32/17 */
#define ONE_Q2 (1 << 29)
#define SUM_INTEGER_BITS 12

/* exp(-1/4), exp(-1/2), exp(-1), … exp(-16) in Q0.31: one factor for each bit of the exponent. */
static const int32_t exp_of_bits[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};

/* x * 2^shift, saturated to 32 bits. */
static int32_t shift_left_saturating(int32_t x, int32_t shift)
{
    const int64_t wide = (int64_t)x * ((int64_t)1 << shift);
    return wide < INT32_MIN ? INT32_MIN : wide > INT32_MAX ? INT32_MAX : (int32_t)wide;
}

/* exp(a) for -1/4 <= a < 0, Q0.31: Taylor's series around -1/8 to the fourth power. */
static int32_t exp_of_small(int32_t a)
{
    const int32_t x = a + ONE_EIGHTH;
    const int32_t x2 = kws_nn_multiply_high(x, x);
    const int32_t x3 = kws_nn_multiply_high(x2, x);
    const int32_t x4 = kws_nn_multiply_high(x2, x2);
    const int32_t cubic = kws_nn_multiply_high(kws_nn_divide_by_power(x4, 2) + x3, ONE_THIRD);
    return EXP_MINUS_EIGHTH + kws_nn_multiply_high(EXP_MINUS_EIGHTH, x + kws_nn_divide_by_power(cubic + x2, 1));
}

/* exp(a) as Q0.31 for a <= 0 in Q5.26: the remainder by 1/4 through the series, each bit above it by a factor. */
static int32_t exp_of_negative(int32_t a)
{
    if (a == 0) {
        return INT32_MAX;
    }
    const int32_t small = (a & (ONE_QUARTER - 1)) - ONE_QUARTER;
    const int32_t quarters = (small - a) >> 24;
    int32_t result = exp_of_small(kws_nn_shift_left(small, 5));
    for (int32_t bit = 0; bit < 7; bit++) {
        if ((quarters >> bit) & 1) {
            result = kws_nn_multiply_high(result, exp_of_bits[bit]);
        }
    }
    return result;
}

/* 1 / (1 + a) for 0 <= a < 1, both Q0.31: Newton's method, three steps. */
static int32_t reciprocal_of_one_plus(int32_t a)
{
    const int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    int32_t x = FORTY_EIGHT_17THS + kws_nn_multiply_high(half_denominator, -THIRTY_TWO_17THS);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = ONE_Q2 - kws_nn_multiply_high(half_denominator, x);
        x += shift_left_saturating(kws_nn_multiply_high(x, error), 2);
    }
    return shift_left_saturating(x, 1);
}

static int32_t exp_of_difference(const kws_nn_softmax_params *params, int32_t difference)
{
    const int32_t shifted = kws_nn_shift_left(difference, params->shift);
    return exp_of_negative(kws_nn_multiply_high(shifted, params->multiplier));
}

static int32_t largest_of(const int8_t *values, int32_t count)
{
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < count; i++) {
        largest = values[i] > largest ? values[i] : largest;
    }
    return largest;
}

/* The sum of exp(value - largest) as Q12.19. */
static int32_t sum_of_exps(const kws_nn_softmax_params *params, const int8_t *row, int32_t largest)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < params->depth; i++) {
        if (row[i] - largest >= params->smallest_difference) {
            sum += kws_nn_divide_by_power(exp_of_difference(params, row[i] - largest), SUM_INTEGER_BITS);
        }
    }
    return sum;
}

static void softmax_of_row(const kws_nn_softmax_params *params, const int8_t *row, int8_t *output)
{
    const int32_t largest = largest_of(row, params->depth);
    uint32_t sum = (uint32_t)sum_of_exps(params, row, largest);
    int32_t bits_over_unit = SUM_INTEGER_BITS;
    for (; sum < 0x80000000u; sum <<= 1) {
        bits_over_unit--;
    }
    const int32_t scale = reciprocal_of_one_plus((int32_t)(sum - 0x80000000u));
    for (int32_t i = 0; i < params->depth; i++) {
        int32_t probability = 0;
        if (row[i] - largest >= params->smallest_difference) {
            const int32_t product = kws_nn_multiply_high(scale, exp_of_difference(params, row[i] - largest));
            probability = kws_nn_divide_by_power(product, bits_over_unit + 31 - 8);
        }
        output[i] = (int8_t)kws_nn_clamp(probability + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void kws_nn_softmax(const kws_nn_softmax_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++, input += params->depth, output += params->depth) {
        softmax_of_row(params, input, output);
    }
}
