/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* The largest value over the reduced dimensions. */
static int8_t largest(const kws_nn_reduce_max_params *params, const int8_t *input)
{
    int8_t most = INT8_MIN;
    for (int32_t i = 0; i < params->reduced[0]; i++) {
        for (int32_t j = 0; j < params->reduced[1]; j++) {
            const int8_t value = input[i * params->reduced_stride[0] + j * params->reduced_stride[1]];
            most = value > most ? value : most;
        }
    }
    return most;
}

void kws_nn_reduce_max(const kws_nn_reduce_max_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < params->kept[0]; i++) {
        for (int32_t j = 0; j < params->kept[1]; j++) {
            *output++ = largest(params, input + i * params->kept_stride[0] + j * params->kept_stride[1]);
        }
    }
}
