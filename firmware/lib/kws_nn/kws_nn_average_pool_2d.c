#include "kws_nn_math.h"

/* The mean of one channel over the window's part inside of the image, rounded to nearest, halves away from zero. */
static int32_t window_mean(const kws_nn_pool_2d_params *params, const int8_t *plane, int32_t top, int32_t left)
{
    const int32_t bottom = top + params->window.height;
    const int32_t right = left + params->window.width;
    const int32_t first_y = top < 0 ? 0 : top, first_x = left < 0 ? 0 : left;
    const int32_t end_y = bottom < params->input.height ? bottom : params->input.height;
    const int32_t end_x = right < params->input.width ? right : params->input.width;
    const int32_t count = (end_y - first_y) * (end_x - first_x);
    const int32_t channels = params->input.channels;
    const int is_whole_rows = end_x - first_x == params->input.width;
    const int32_t run = is_whole_rows ? count : end_x - first_x;
    int32_t sum = 0;
    for (int32_t y = first_y; y < end_y; y += is_whole_rows ? count : 1) {
        const int8_t *value = plane + (y * params->input.width + first_x) * channels;
        int32_t left = run;
        for (; left > 1; left -= 2, value += 2 * channels) {
            sum += value[0] + value[channels];
        }
        sum += left > 0 ? *value : 0;
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
