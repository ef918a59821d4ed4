/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* One run along the output's last dimension; returns where the next one starts. */
static int8_t *prelu_row(const kws_nn_prelu_params *params, const int8_t *input, const int8_t *slope, int8_t *output)
{
    for (int32_t left = params->size[3]; left > 0; left--) {
        const int32_t value = *input - params->first.zero_point;
        *output++ = value >= 0 ? kws_nn_output(&params->positive, 0, value)
                               : kws_nn_output(&params->negative, 0, value * (*slope - params->second.zero_point));
        input += params->first.stride[3];
        slope += params->second.stride[3];
    }
    return output;
}

void kws_nn_prelu(const kws_nn_prelu_params *params, const int8_t *input, const int8_t *slopes, int8_t *output)
{
    const int32_t *a = params->first.stride;
    const int32_t *b = params->second.stride;
    for (int32_t i = 0; i < params->size[0]; i++) {
        for (int32_t j = 0; j < params->size[1]; j++) {
            for (int32_t k = 0; k < params->size[2]; k++) {
                output = prelu_row(params, input + i * a[0] + j * a[1] + k * a[2],
                                   slopes + i * b[0] + j * b[1] + k * b[2], output);
            }
        }
    }
}
