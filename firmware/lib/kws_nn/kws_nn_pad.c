/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* One run along the output's last dimension, inside or outside of the input; returns where the next one starts. */
static int8_t *pad_row(const kws_nn_pad_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t i = -params->before[3]; i < params->output[3] - params->before[3]; i++) {
        const int outside = input == NULL || kws_nn_is_outside(i, params->input[3]);
        *output++ = outside ? (int8_t)params->value : input[i];
    }
    return output;
}

void kws_nn_pad(const kws_nn_pad_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t i = -params->before[0]; i < params->output[0] - params->before[0]; i++) {
        for (int32_t j = -params->before[1]; j < params->output[1] - params->before[1]; j++) {
            for (int32_t k = -params->before[2]; k < params->output[2] - params->before[2]; k++) {
                const int outside = kws_nn_is_outside(i, params->input[0]) || kws_nn_is_outside(j, params->input[1]) ||
                                    kws_nn_is_outside(k, params->input[2]);
                const int32_t row = (i * params->input[1] + j) * params->input[2] + k;
                output = pad_row(params, outside ? NULL : input + row * params->input[3], output);
            }
        }
    }
}
