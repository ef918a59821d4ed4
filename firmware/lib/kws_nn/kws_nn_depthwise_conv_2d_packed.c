/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_packed.h"

/* One filter a channel, along one axis, with two products a multiplication (kws_nn_packed.h): four neighbouring outputs at
 * once. A line has what one channel's windows see, as packed words: with stride 1 one for each value and the next, with
 * stride 2 one for every second. Then the words of four outputs are neighbours, and those of the next pair of weights begin
 * two words, or one word, behind. */
#define OUTPUTS 4

KWS_NN_PACKED_SUMS_BY_TWO(add_runs_of_stride_1)
KWS_NN_PACKED_SUMS_BY_ONE(add_runs_of_stride_2)

/* The value at `index` of the padded axis. */
static inline int32_t value_at(const kws_nn_depthwise_conv_2d_packed_params *params, const int8_t *input, int32_t index)
{
    const int32_t at = index - params->pad;
    return kws_nn_is_outside(at, params->input_size) ? params->input_zero_point : input[at * params->input_step];
}

static void put_line(const kws_nn_depthwise_conv_2d_packed_params *params, const int8_t *input, int32_t *line)
{
    const int32_t stride = params->stride, words = params->length;
    const int32_t inside = (params->pad + stride - 1) / stride; /* the first word that has no padding in front */
    int32_t i = 0;
    for (; i < inside && i < words; i++) {
        line[i] = kws_nn_packed(value_at(params, input, i * stride), value_at(params, input, i * stride + 1));
    }
    const int8_t *from = input + (i * stride - params->pad) * params->input_step;
    const int32_t pairs = params->input_size + params->pad - 1; /* of neighbours, the first at 0 */
    const int32_t end = (pairs + stride - 1) / stride; /* the first word that has padding behind; 0 if pairs is */
    const int32_t step = params->input_step;
    for (; i < end && i < words; i++, from += stride * step) {
        line[i] = kws_nn_packed(from[0], from[step]);
    }
    for (; i < words; i++) {
        line[i] = kws_nn_packed(value_at(params, input, i * stride), value_at(params, input, i * stride + 1));
    }
}

/* One channel; returns where the next channel's weights begin. */
static const int32_t *outputs_of_channel(const kws_nn_depthwise_conv_2d_packed_params *params, const int32_t *weights,
                                         int32_t channel, const int32_t *line, int8_t *output)
{
    const kws_nn_packed_scale scale =
        kws_nn_packed_scale_at(params->scaling + channel * params->scaling_step, params->minimum, params->maximum);
    const int32_t bias = params->bias[channel], step = params->output_step;
    const int32_t seen = params->words * (params->stride == 1 ? 2 : 1); /* of the line, by all pairs of weights */
    const int32_t *next = weights;
    for (int32_t left = params->output_size; left > 0; left -= OUTPUTS, line += OUTPUTS, output += OUTPUTS * step) {
        int32_t totals[OUTPUTS] = {bias, bias, bias, bias};
        next = params->stride == 1 ? add_runs_of_stride_1(weights, line, line + seen, totals)
                                   : add_runs_of_stride_2(weights, line, line + seen, totals);
        kws_nn_put_outputs(totals, left < OUTPUTS ? left : OUTPUTS, &scale, output, step);
    }
    return next;
}

void kws_nn_depthwise_conv_2d_packed(const kws_nn_depthwise_conv_2d_packed_params *params, const int8_t *input,
                                     int8_t *output, void *scratch)
{
    int32_t *const line = (int32_t *)scratch;
    const int32_t *weights = params->weights;
    for (int32_t channel = 0; channel < params->channels; channel++) {
        put_line(params, input + channel, line);
        weights = outputs_of_channel(params, weights, channel, line, output + channel);
    }
}
