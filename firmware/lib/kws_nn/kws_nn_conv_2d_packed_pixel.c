/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_packed_columns.h"

/* As kws_nn_conv_2d_packed.c, for few pixels: four channels of one pixel at once. */
#define CHANNELS 4

KWS_NN_PACKED_SUMS_OF_FOURS(add_runs)

static void outputs_of_pixel(const kws_nn_conv_2d_packed_params *params, const int32_t *column, int8_t *output)
{
    const int32_t *weights = params->weights, *bias = params->bias, *scaling = params->scaling;
    for (int32_t left = params->output.channels; left > 0; left -= CHANNELS) {
        int32_t totals[CHANNELS] = {bias[0], bias[1], bias[2], bias[3]};
        weights = add_runs(column, weights, column + params->words, totals);
        for (int32_t i = 0; i < CHANNELS && i < left; i++, scaling += params->scaling_step) {
            const kws_nn_packed_scale own = kws_nn_packed_scale_at(scaling, params->minimum, params->maximum);
            *output++ = kws_nn_packed_output(&own, totals[i]);
        }
        bias += CHANNELS;
    }
}

void kws_nn_conv_2d_packed_pixel(const kws_nn_conv_2d_packed_params *params, const int8_t *input, int8_t *output,
                                 void *scratch)
{
    const kws_nn_shape *shape = &params->output;
    int32_t *const column = (int32_t *)scratch;
    kws_nn_position at = {.batch = 0, .y = 0, .x = 0};
    for (int32_t left = shape->batches * shape->height * shape->width; left > 0; left--, output += shape->channels) {
        kws_nn_pack_window(params, input, at, column, 1);
        outputs_of_pixel(params, column, output);
        at = kws_nn_next_position(shape, at);
    }
}
