/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KWS_NN_PACKED_PIXELS_H
#define KWS_NN_PACKED_PIXELS_H

#include "kws_nn_packed.h"

/* A matrix product with two products a multiplication: the weights of a channel by four pixels, whose windows are in
 * columns of packed words, [pixels / 4][words][4 pixels]. */
#define PIXELS 4

KWS_NN_PACKED_SUMS_OF_ONES(add_runs)

/* One channel of `count` pixels; returns where the next channel's weights begin. */
static const int32_t *outputs_of_channel(const kws_nn_conv_2d_packed_params *params, const int32_t *weights,
                                         int32_t channel, const int32_t *columns, int32_t count, int8_t *output)
{
    const kws_nn_packed_scale scale =
        kws_nn_packed_scale_at(params->scaling + channel * params->scaling_step, params->minimum, params->maximum);
    const int32_t bias = params->bias[channel], words = PIXELS * params->words, stride = params->output.channels;
    const int32_t *next = weights;
    for (; count > 0; count -= PIXELS, columns += words, output += PIXELS * stride) {
        int32_t totals[PIXELS] = {bias, bias, bias, bias};
        next = add_runs(weights, columns, columns + words, totals);
        kws_nn_put_outputs(totals, count < PIXELS ? count : PIXELS, &scale, output, stride);
    }
    return next;
}

/* All channels of `count` pixels. */
static void outputs_of_pixels(const kws_nn_conv_2d_packed_params *params, const int32_t *columns, int32_t count,
                              int8_t *output)
{
    const int32_t *weights = params->weights;
    for (int32_t channel = 0; channel < params->output.channels; channel++) {
        weights = outputs_of_channel(params, weights, channel, columns, count, output + channel);
    }
}

#endif
