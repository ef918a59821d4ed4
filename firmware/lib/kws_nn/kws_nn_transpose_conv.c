/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* The first row (column) of the window that meets an input row (column), and which one that is. From it on, every
 * `stride` of the window meets the one before. */
typedef struct {
    int32_t of_window, of_input;
} meeting;

/* `at` counts from the first row (column) of the padding. */
static meeting first_meeting(int32_t at, int32_t stride)
{
    const meeting first = {.of_window = at % stride, .of_input = at / stride};
    return first;
}

/* One output channel's sum, bias included. */
static int32_t sum_at(const kws_nn_transpose_conv_params *params, const int8_t *image, meeting rows, meeting columns,
                      int32_t channel)
{
    const kws_nn_window *window = &params->window;
    const int32_t depth = params->input.channels;
    const int8_t *weights = params->weights + channel * window->height * window->width * depth;
    int32_t sum = params->bias != NULL ? params->bias[channel] : 0;
    for (int32_t row = rows.of_window, y = rows.of_input; row < window->height; row += window->stride_y, y--) {
        for (int32_t column = columns.of_window, x = columns.of_input; column < window->width;
             column += window->stride_x, x--) {
            if (kws_nn_is_outside(y, params->input.height) || kws_nn_is_outside(x, params->input.width)) {
                continue;
            }
            const int8_t *weight = weights + (row * window->width + column) * depth;
            const int8_t *pixel = image + (y * params->input.width + x) * depth;
            for (int32_t k = 0; k < depth; k++) {
                sum += weight[k] * (pixel[k] - params->input_zero_point);
            }
        }
    }
    return sum;
}

void kws_nn_transpose_conv(const kws_nn_transpose_conv_params *params, const int8_t *input, int8_t *output)
{
    const int32_t image_size = params->input.height * params->input.width * params->input.channels;
    const kws_nn_window *window = &params->window;
    for (int32_t batch = 0; batch < params->output.batches; batch++, input += image_size) {
        for (int32_t y = 0; y < params->output.height; y++) {
            const meeting rows = first_meeting(y + window->pad_top, window->stride_y);
            for (int32_t x = 0; x < params->output.width; x++) {
                const meeting columns = first_meeting(x + window->pad_left, window->stride_x);
                for (int32_t channel = 0; channel < params->output.channels; channel++) {
                    const int32_t sum = sum_at(params, input, rows, columns, channel);
                    *output++ = kws_nn_output(&params->requantize, channel, sum);
                }
            }
        }
    }
}
