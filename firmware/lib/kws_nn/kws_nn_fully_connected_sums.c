/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_scaling.h"

/* Moves the sums of future model inputs up by one; the last one's begin at 0. */
static void move_up(int32_t *sums, int32_t size, int32_t windows)
{
    const int32_t kept = (windows - 1) * size;
    for (int32_t i = 0; i < kept; i++) {
        sums[i] = sums[i + size];
    }
    for (int32_t i = kept; i < kept + size; i++) {
        sums[i] = 0;
    }
}

void kws_nn_fully_connected_sums(const kws_nn_fully_connected_sums_params *params, void *sums, int8_t *output)
{
    int32_t *sum = (int32_t *)sums;
    for (int32_t unit = 0; unit < params->units; unit++) {
        const kws_nn_scaling scaling = kws_nn_scaling_of(&params->requantize, unit);
        output[unit] = kws_nn_scale(&scaling, params->bias[unit] + sum[unit]);
    }
    kws_nn_activate(&params->requantize, output, params->units);
    move_up(sum, params->sums, params->windows);
}
