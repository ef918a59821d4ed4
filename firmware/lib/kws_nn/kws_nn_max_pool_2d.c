/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* The largest value of one channel in the window's part inside of the image. */
static int32_t window_max(const kws_nn_pool_2d_params *params, const int8_t *plane, int32_t top, int32_t left)
{
    const int32_t width = params->input.width, channels = params->input.channels;
    const kws_nn_range rows = kws_nn_inside(top, params->window.height, params->input.height);
    const kws_nn_range columns = kws_nn_inside(left, params->window.width, width);
    int32_t largest = INT8_MIN;
    for (int32_t y = rows.begin; y < rows.end; y++) {
        const int8_t *value = plane + (y * width + columns.begin) * channels;
        for (int32_t x = columns.begin; x < columns.end; x++, value += channels) {
            largest = *value > largest ? *value : largest;
        }
    }
    return largest;
}

void kws_nn_max_pool_2d(const kws_nn_pool_2d_params *params, const int8_t *input, int8_t *output)
{
    const int32_t image_size = params->input.height * params->input.width * params->input.channels;
    for (int32_t batch = 0; batch < params->output.batches; batch++, input += image_size) {
        for (int32_t y = 0; y < params->output.height; y++) {
            const int32_t top = y * params->window.stride_y - params->window.pad_top;
            for (int32_t x = 0; x < params->output.width; x++) {
                const int32_t left = x * params->window.stride_x - params->window.pad_left;
                for (int32_t channel = 0; channel < params->output.channels; channel++) {
                    const int32_t largest = window_max(params, input + channel, top, left);
                    *output++ = (int8_t)kws_nn_clamp(largest, params->minimum, params->maximum);
                }
            }
        }
    }
}
