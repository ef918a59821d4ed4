/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_dsp.h"

/* Bits that both inputs are shifted left before they are brought to one scale; one more doubles them for factor_times(). */
#define LEFT_SHIFT 20

/* A factor of one or less, as kws_nn_multiply() takes it, for many numbers. */
typedef struct {
    int32_t multiplier, shift; /* to the right, 0 to 31 */
    int32_t half;              /* of what the shift takes away */
    int32_t away;              /* -1: halves of negative numbers go away from zero; 0 where nothing is taken away */
} factor;

static factor factor_of(int32_t multiplier, int32_t shift)
{
    const int32_t right = -shift;
    const factor made = {
        .multiplier = multiplier,
        .shift = right,
        .half = right > 0 ? (int32_t)(1u << (right - 1)) : 0,
        .away = right > 0 ? -1 : 0,
    };
    return made;
}

/* kws_nn_multiply(x, multiplier, shift), given 2 * x. */
static inline int32_t factor_times(const factor *by, int32_t doubled)
{
    const int32_t high = kws_nn_add_high_product(0, doubled, by->multiplier);
    return (high + by->half + ((high >> 31) & by->away)) >> by->shift;
}

typedef struct {
    factor first, second, sum;
    int32_t first_zero_point, second_zero_point, first_stride, second_stride;
} row_plan;

static row_plan plan_of(const kws_nn_add_params *params)
{
    const row_plan plan = {
        .first = factor_of(params->first.multiplier, params->first.shift),
        .second = factor_of(params->second.multiplier, params->second.shift),
        .sum = factor_of(params->requantize.multipliers[0], params->requantize.shifts[0]),
        .first_zero_point = params->first.zero_point,
        .second_zero_point = params->second.zero_point,
        .first_stride = params->first.stride[3],
        .second_stride = params->second.stride[3],
    };
    return plan;
}

/* One run along the output's last dimension; returns where the next one starts. */
static int8_t *add_row(const kws_nn_add_params *params, const row_plan *plan, const int8_t *first, const int8_t *second,
                       int8_t *output)
{
    const kws_nn_requantize *requantize = &params->requantize;
    for (int32_t left = params->size[3]; left > 0; left--) {
        const int32_t a = factor_times(&plan->first, (*first - plan->first_zero_point) * (2 << LEFT_SHIFT));
        const int32_t b = factor_times(&plan->second, (*second - plan->second_zero_point) * (2 << LEFT_SHIFT));
        const int32_t value = factor_times(&plan->sum, 2 * (a + b)) + requantize->zero_point;
        *output++ = (int8_t)kws_nn_clamp(value, requantize->minimum, requantize->maximum);
        first += plan->first_stride;
        second += plan->second_stride;
    }
    return output;
}

void kws_nn_add(const kws_nn_add_params *params, const int8_t *first, const int8_t *second, int8_t *output)
{
    const int32_t *a = params->first.stride;
    const int32_t *b = params->second.stride;
    const row_plan plan = plan_of(params);
    for (int32_t i = 0; i < params->size[0]; i++) {
        for (int32_t j = 0; j < params->size[1]; j++) {
            for (int32_t k = 0; k < params->size[2]; k++) {
                output = add_row(params, &plan, first + i * a[0] + j * a[1] + k * a[2],
                                 second + i * b[0] + j * b[1] + k * b[2], output);
            }
        }
    }
}
