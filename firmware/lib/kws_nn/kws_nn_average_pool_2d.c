/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_dsp.h"

/* What a window sees inside of the image: `count` values of a channel, in runs of neighbouring pixels. */
typedef struct {
    const int8_t *first;
    int32_t count, run;
    int32_t run_step, step; /* from one run to the next, and from one pixel */
} seen_values;

static seen_values seen_by(const kws_nn_pool_2d_params *params, const int8_t *image, int32_t top, int32_t left)
{
    const int32_t width = params->input.width, channels = params->input.channels;
    const kws_nn_range rows = kws_nn_inside(top, params->window.height, params->input.height);
    const kws_nn_range columns = kws_nn_inside(left, params->window.width, width);
    const int32_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
    const int are_whole = columns.end - columns.begin == width; /* then all rows are one run */
    const seen_values seen = {
        .first = image + (rows.begin * width + columns.begin) * channels,
        .count = count,
        .run = are_whole ? count : columns.end - columns.begin,
        .run_step = width * channels,
        .step = channels,
    };
    return seen;
}

/* The mean, rounded to nearest, halves away from zero. */
static int8_t output_of(const kws_nn_pool_2d_params *params, int32_t sum, int32_t count)
{
    const int32_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    return (int8_t)kws_nn_clamp(mean, params->minimum, params->maximum);
}

#ifdef KWS_NN_DSP
#define MOST_VALUES 256 /* whose sum fits int16 */

/* Four channels, from `value` on: a word holds a value of each. */
static void outputs_of_four(const kws_nn_pool_2d_params *params, const seen_values *seen, const int8_t *value,
                            int8_t *output)
{
    int32_t even = 0, odd = 0;
    for (int32_t left = seen->count; left > 0; left -= seen->run, value += seen->run_step) {
        const int8_t *at = value;
        for (int32_t i = seen->run; i > 0; i--, at += seen->step) {
            const int32_t four = kws_nn_load_four(at);
            even = kws_nn_add_even_bytes(even, four);
            odd = kws_nn_add_odd_bytes(odd, four);
        }
    }
    output[0] = output_of(params, (int16_t)even, seen->count);
    output[1] = output_of(params, (int16_t)odd, seen->count);
    output[2] = output_of(params, even >> 16, seen->count);
    output[3] = output_of(params, odd >> 16, seen->count);
}
#endif

/* The sum of so many values, `step` apart. */
static int32_t sum_of_run(const int8_t *value, int32_t count, int32_t step)
{
    int32_t sum = 0;
    for (; count > 1; count -= 2, value += 2 * step) {
        sum += value[0] + value[step];
    }
    return count > 0 ? sum + *value : sum;
}

/* The sum of one channel. */
static int32_t sum_of(const seen_values *seen, const int8_t *value)
{
    const int32_t count = seen->count, run = seen->run, run_step = seen->run_step, step = seen->step;
    int32_t sum = 0;
    for (int32_t done = 0; done < count; done += run, value += run_step) {
        sum += sum_of_run(value, run, step);
    }
    return sum;
}

static void outputs_of_window(const kws_nn_pool_2d_params *params, const seen_values *seen, int8_t *output)
{
    int32_t channel = 0;
#ifdef KWS_NN_DSP
    for (; seen->count <= MOST_VALUES && channel + 4 <= params->output.channels; channel += 4) {
        outputs_of_four(params, seen, seen->first + channel, output + channel);
    }
#endif
    for (; channel < params->output.channels; channel++) {
        output[channel] = output_of(params, sum_of(seen, seen->first + channel), seen->count);
    }
}

void kws_nn_average_pool_2d(const kws_nn_pool_2d_params *params, const int8_t *input, int8_t *output)
{
    const int32_t image_size = params->input.height * params->input.width * params->input.channels;
    for (int32_t batch = 0; batch < params->output.batches; batch++, input += image_size) {
        for (int32_t y = 0; y < params->output.height; y++) {
            const int32_t top = y * params->window.stride_y - params->window.pad_top;
            for (int32_t x = 0; x < params->output.width; x++, output += params->output.channels) {
                const int32_t left = x * params->window.stride_x - params->window.pad_left;
                const seen_values seen = seen_by(params, input, top, left);
                outputs_of_window(params, &seen, output);
            }
        }
    }
}
