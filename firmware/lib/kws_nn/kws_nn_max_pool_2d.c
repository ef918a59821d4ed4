#include "kws_nn_math.h"

/* The largest value of one channel in the window's part inside of the image. */
static int32_t window_max(const kws_nn_pool_2d_params *params, const int8_t *plane, int32_t top, int32_t left)
{
    int32_t largest = INT8_MIN;
    for (int32_t y = top; y < top + params->window.height; y++) {
        for (int32_t x = left; x < left + params->window.width; x++) {
            if (!kws_nn_is_outside(y, params->input.height) && !kws_nn_is_outside(x, params->input.width)) {
                const int32_t value = plane[(y * params->input.width + x) * params->input.channels];
                largest = value > largest ? value : largest;
            }
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
