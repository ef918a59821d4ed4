/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

void kws_nn_fully_connected(const kws_nn_fully_connected_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++, input += params->depth) {
        const int8_t *weights = params->weights;
        for (int32_t unit = 0; unit < params->units; unit++, weights += params->depth) {
            int32_t sum = params->bias != NULL ? params->bias[unit] : 0;
            for (int32_t k = 0; k < params->depth; k++) {
                sum += weights[k] * (input[k] - params->input_zero_point);
            }
            *output++ = kws_nn_output(&params->requantize, unit, sum);
        }
    }
}
