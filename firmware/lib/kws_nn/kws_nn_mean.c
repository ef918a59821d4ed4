/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* The sum of (value - zero point) over the averaged dimensions. */
static int32_t averaged_sum(const kws_nn_mean_params *params, const int8_t *input)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < params->averaged[0]; i++) {
        for (int32_t j = 0; j < params->averaged[1]; j++) {
            sum += input[i * params->averaged_stride[0] + j * params->averaged_stride[1]] - params->input_zero_point;
        }
    }
    return sum;
}

void kws_nn_mean(const kws_nn_mean_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < params->kept[0]; i++) {
        for (int32_t j = 0; j < params->kept[1]; j++) {
            const int8_t *start = input + i * params->kept_stride[0] + j * params->kept_stride[1];
            *output++ = kws_nn_output(&params->requantize, 0, averaged_sum(params, start));
        }
    }
}
