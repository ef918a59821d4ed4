/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* The sum of so many values, `step` apart. */
static int32_t sum_of_run(const int8_t *value, int32_t count, int32_t step)
{
    int32_t sum = 0;
    for (; count > 1; count -= 2, value += 2 * step) {
        sum += value[0] + value[step];
    }
    return count > 0 ? sum + *value : sum;
}

/* The mean of one channel over the window's part inside of the image, rounded to nearest, halves away from zero. */
static int32_t window_mean(const kws_nn_pool_2d_params *params, const int8_t *plane, int32_t top, int32_t left)
{
    const int32_t width = params->input.width, channels = params->input.channels;
    const kws_nn_range rows = kws_nn_inside(top, params->window.height, params->input.height);
    const kws_nn_range columns = kws_nn_inside(left, params->window.width, width);
    const int32_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
    const int are_whole = columns.end - columns.begin == width; /* then all rows are one run */
    const int32_t run = are_whole ? count : columns.end - columns.begin;
    const int8_t *value = plane + (rows.begin * width + columns.begin) * channels;
    int32_t sum = 0;
    for (int32_t seen = 0; seen < count; seen += run, value += width * channels) {
        sum += sum_of_run(value, run, channels);
    }
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

void kws_nn_average_pool_2d(const kws_nn_pool_2d_params *params, const int8_t *input, int8_t *output)
{
    const int32_t image_size = params->input.height * params->input.width * params->input.channels;
    for (int32_t batch = 0; batch < params->output.batches; batch++, input += image_size) {
        for (int32_t y = 0; y < params->output.height; y++) {
            const int32_t top = y * params->window.stride_y - params->window.pad_top;
            for (int32_t x = 0; x < params->output.width; x++) {
                const int32_t left = x * params->window.stride_x - params->window.pad_left;
                for (int32_t channel = 0; channel < params->output.channels; channel++) {
                    const int32_t mean = window_mean(params, input + channel, top, left);
                    *output++ = (int8_t)kws_nn_clamp(mean, params->minimum, params->maximum);
                }
            }
        }
    }
}
