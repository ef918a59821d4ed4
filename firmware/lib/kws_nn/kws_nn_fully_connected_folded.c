/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_dot_products.h"

static void dot_products(const kws_nn_fully_connected_params *params, const int8_t *row, int32_t unit, int32_t *sums)
{
    for (int32_t i = 0; i < KWS_NN_UNITS; i++) {
        sums[i] = params->bias[unit + i];
    }
    kws_nn_add_dot_products(params->weights + unit * params->depth, row, row + params->depth, sums);
}

static void outputs_of_row(const kws_nn_fully_connected_params *params, const int8_t *row, int8_t *output)
{
    for (int32_t unit = 0; unit < params->units; unit += KWS_NN_UNITS) {
        const int32_t left = params->units - unit;
        int32_t sums[KWS_NN_UNITS];
        dot_products(params, row, unit, sums);
        for (int32_t i = 0; i < KWS_NN_UNITS && i < left; i++) {
            const kws_nn_scaling scaling = kws_nn_scaling_of(&params->requantize, unit + i);
            output[unit + i] = kws_nn_scale(&scaling, sums[i]);
        }
    }
}

void kws_nn_fully_connected_folded(const kws_nn_fully_connected_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        outputs_of_row(params, input + row * params->depth, output + row * params->units);
    }
    kws_nn_activate(&params->requantize, output, params->rows * params->units);
}
