/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* One output channel's sum over the window whose first row and column are `top` and `left`, bias included. */
static int32_t window_sum(const kws_nn_depthwise_conv_2d_params *params, const int8_t *image, int32_t top, int32_t left,
                          int32_t channel)
{
    const kws_nn_window *window = &params->window;
    const int8_t *plane = image + channel / params->multiplier;
    const int8_t *weight = params->weights + channel;
    int32_t sum = params->bias != NULL ? params->bias[channel] : 0;
    for (int32_t row = 0; row < window->height; row++) {
        const int32_t y = top + row * window->dilation_y;
        for (int32_t column = 0; column < window->width; column++, weight += params->output.channels) {
            const int32_t x = left + column * window->dilation_x;
            if (kws_nn_is_outside(y, params->input.height) || kws_nn_is_outside(x, params->input.width)) {
                continue;
            }
            sum += *weight * (plane[(y * params->input.width + x) * params->input.channels] - params->input_zero_point);
        }
    }
    return sum;
}

void kws_nn_depthwise_conv_2d(const kws_nn_depthwise_conv_2d_params *params, const int8_t *input, int8_t *output)
{
    const int32_t image_size = params->input.height * params->input.width * params->input.channels;
    for (int32_t batch = 0; batch < params->output.batches; batch++, input += image_size) {
        for (int32_t y = 0; y < params->output.height; y++) {
            const int32_t top = y * params->window.stride_y - params->window.pad_top;
            for (int32_t x = 0; x < params->output.width; x++) {
                const int32_t left = x * params->window.stride_x - params->window.pad_left;
                for (int32_t channel = 0; channel < params->output.channels; channel++) {
                    const int32_t sum = window_sum(params, input, top, left, channel);
                    *output++ = kws_nn_output(&params->requantize, channel, sum);
                }
            }
        }
    }
}
