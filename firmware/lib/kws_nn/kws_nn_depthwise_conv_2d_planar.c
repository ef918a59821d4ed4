/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_lines.h"
#include "kws_nn_scaling.h"

/* A plane is what one channel's windows see, as int16 less the zero point with padding all around, so that neighbours
 * along a row are neighbours in memory. Planes of four channels are made at once, since a word holds four channels.
 * Weights become int16 too, doubled, as kws_nn_scale() doubles sums. */
#define CHANNELS KWS_NN_LINES

/* What one channel's outputs are computed from; assembly reads it by offsets, checked below. */
typedef struct {
    kws_nn_scaling scaling;
    int32_t bias; /* doubled */
    int32_t pitch_bytes;
    int32_t output_step;
    const int16_t *end; /* of the values where the outputs of a row begin */
    int16_t weights[12];
} channel_plan;

static void clear_planes(const kws_nn_depthwise_conv_2d_planar_params *params, int16_t *planes)
{
    for (int32_t i = 0; i < CHANNELS * params->plane; i++) {
        planes[i] = 0;
    }
}

/* Four channels of the image, from `input` on, into their planes; what is padding stays. */
static void fill_planes(const kws_nn_depthwise_conv_2d_planar_params *params, const int8_t *input, int16_t *planes)
{
    const kws_nn_axis *rows = &params->rows;
    const kws_nn_axis *columns = &params->columns;
    int16_t *to = planes + rows->pad * params->pitch + columns->pad;
    for (int32_t y = 0; y < rows->input_size; y++, input += rows->input_step, to += params->pitch) {
        kws_nn_fill_lines(input, columns->input_step, columns->input_size, params->input_zero_point, params->plane, to);
    }
}

/* A window of one channel, for any size and stride; its weights in the model's order. */
static int32_t window_sum(const kws_nn_depthwise_conv_2d_planar_params *params, const int8_t *weights,
                          const int16_t *values)
{
    const int32_t width = params->columns.window;
    int32_t sum = 0;
    for (int32_t row = params->rows.window; row > 0; row--, values += params->pitch - width) {
        for (int32_t i = width; i > 0; i--, weights += params->channels) {
            sum += *weights * *values++;
        }
    }
    return sum;
}

#ifdef KWS_NN_THUMB
KWS_NN_CHECK_OFFSET(channel_plan, scaling, 0);
KWS_NN_CHECK_OFFSET(channel_plan, bias, 12);
KWS_NN_CHECK_OFFSET(channel_plan, pitch_bytes, 16);
KWS_NN_CHECK_OFFSET(channel_plan, output_step, 20);
KWS_NN_CHECK_OFFSET(channel_plan, end, 24);
KWS_NN_CHECK_OFFSET(channel_plan, weights, 28);

/* clang-format off */
/* Of a row of a window of three, for two neighbouring outputs whose sums so far are r10 and `second_sum`: r4 to r9 hold
 * (w0, w1) and (w1, w2) of each row. */
#define ROW_OF_THREE(at, first, second, second_sum) \
    "ldrd r0, r3, " at "\n" \
    "smlatb r11, r0, " first ", " second_sum "\n" \
    "smlad r10, r0, " first ", r10\n" \
    "smlabt r10, r3, " second ", r10\n" \
    "smlad r11, r3, " second ", r11\n"
/* Multiplier in r0, offset in r3, lr free; the second where outputs below the zero point are clamped to it. */
#define SCALED \
    "add lr, r3, r10, asr #31\n" \
    "smmlar r10, r10, r0, lr\n" \
    "add lr, r3, r11, asr #31\n" \
    "smmlar r11, r11, r0, lr\n"
#define SCALED_NOT_BELOW_ZERO \
    "smmlar r10, r10, r0, r3\n" \
    "smmlar r11, r11, r0, r3\n"

/* Outputs of windows of 3x3 side by side, two by two. r0 plan, r1 values, r2 output. Then r10 and r11 the sums, r12 the
 * plan, r0 and r3 values of a row, lr the pitch. */
#define OUTPUTS_OF_ROW_3X3(name, scaled) \
KWS_NN_ASSEMBLY static void name(KWS_NN_UNUSED const channel_plan *plan, KWS_NN_UNUSED const int16_t *values, \
                                 KWS_NN_UNUSED int8_t *output) \
{ \
    __asm__("push {r4-r11, lr}\n" \
            "mov r12, r0\n" \
            "add r0, r0, #28\n" \
            "ldm r0, {r4-r9}\n" \
            "1: ldrd r10, lr, [r12, #12]\n" \
            ROW_OF_THREE("[r1]", "r4", "r5", "r10") "add r1, r1, lr\n" \
            ROW_OF_THREE("[r1]", "r6", "r7", "r11") "add r1, r1, lr\n" \
            ROW_OF_THREE("[r1], #4", "r8", "r9", "r11") "sub r1, r1, lr, lsl #1\n" \
            "ldrd r0, r3, [r12]\n" \
            scaled \
            "ldrd lr, r0, [r12, #8]\n" /* shift */ \
            "asr r10, r10, lr\n" \
            "asr r11, r11, lr\n" \
            "ldrd r0, r3, [r12, #20]\n" /* step, end */ \
            "ssat r10, #8, r10\n" \
            "ssat r11, #8, r11\n" \
            "strb r11, [r2, r0]\n" /* where there is no second output, the first is written over it */ \
            "strb r10, [r2]\n" \
            "add r2, r2, r0, lsl #1\n" \
            "cmp r1, r3\n" \
            "bne 1b\n" \
            "pop {r4-r11, pc}\n"); \
}
OUTPUTS_OF_ROW_3X3(outputs_of_row_3x3, SCALED)
OUTPUTS_OF_ROW_3X3(outputs_of_row_3x3_relu, SCALED_NOT_BELOW_ZERO)
/* clang-format on */

static void pack_weights_3x3(const kws_nn_depthwise_conv_2d_planar_params *params, const int8_t *weights,
                             int16_t *packed)
{
    const int32_t channels = params->channels;
    for (int32_t row = 0; row < 3; row++, weights += 3 * channels) {
        *packed++ = (int16_t)(2 * weights[0]);
        *packed++ = (int16_t)(2 * weights[channels]);
        *packed++ = (int16_t)(2 * weights[channels]);
        *packed++ = (int16_t)(2 * weights[2 * channels]);
    }
}

static int is_3x3(const kws_nn_depthwise_conv_2d_planar_params *params)
{
    return params->rows.window == 3 && params->columns.window == 3 && params->columns.stride == 1;
}

/* Outputs of a run of windows, by the assembly that the fused activation allows. */
static void outputs_of_run_3x3(const kws_nn_requantize *requantize, const channel_plan *plan, const int16_t *values,
                               int8_t *output)
{
    if (requantize->minimum >= requantize->zero_point) {
        outputs_of_row_3x3_relu(plan, values, output);
    } else {
        outputs_of_row_3x3(plan, values, output);
    }
}

static void outputs_of_plane_3x3(const kws_nn_depthwise_conv_2d_planar_params *params, channel_plan *plan,
                                 const int16_t *plane, int8_t *output)
{
    const kws_nn_axis *rows = &params->rows;
    const int32_t step = params->columns.output_step;
    const int32_t paired = params->columns.output_size / 2 * 2;
    for (int32_t y = 0; y < rows->output_size;
         y++, plane += rows->stride * params->pitch, output += rows->output_step) {
        plan->output_step = step;
        plan->end = plane + paired;
        if (paired > 0) {
            outputs_of_run_3x3(&params->requantize, plan, plane, output);
        }
        if (paired < params->columns.output_size) {
            plan->output_step = 0;
            plan->end = plane + paired + 2;
            outputs_of_run_3x3(&params->requantize, plan, plane + paired, output + paired * step);
        }
    }
}
#endif

/* One channel: from its plane to its outputs. */
static void outputs_of_channel(const kws_nn_depthwise_conv_2d_planar_params *params, int32_t channel,
                               const int16_t *plane, int8_t *output)
{
    const kws_nn_axis *rows = &params->rows;
    const kws_nn_axis *columns = &params->columns;
    const int8_t *weights = params->weights + channel;
    const int32_t bias = params->bias[channel];
    const kws_nn_scaling scaling = kws_nn_scaling_of(&params->requantize, channel);
#ifdef KWS_NN_THUMB
    if (is_3x3(params)) {
        channel_plan plan = {.scaling = scaling, .bias = 2 * bias, .pitch_bytes = 2 * params->pitch};
        pack_weights_3x3(params, weights, plan.weights);
        outputs_of_plane_3x3(params, &plan, plane, output);
        return;
    }
#endif
    for (int32_t y = 0; y < rows->output_size;
         y++, plane += rows->stride * params->pitch, output += rows->output_step) {
        for (int32_t x = 0; x < columns->output_size; x++) {
            const int32_t sum = bias + window_sum(params, weights, plane + x * columns->stride);
            output[x * columns->output_step] = kws_nn_scale(&scaling, sum);
        }
    }
}

void kws_nn_depthwise_conv_2d_planar(const kws_nn_depthwise_conv_2d_planar_params *params, const int8_t *input,
                                     int8_t *output, void *scratch)
{
    int16_t *planes = (int16_t *)scratch;
    clear_planes(params, planes);
    for (int32_t channel = 0; channel < params->channels; channel += CHANNELS) {
        fill_planes(params, input + channel, planes);
        for (int32_t i = 0; i < CHANNELS; i++) {
            outputs_of_channel(params, channel + i, planes + i * params->plane, output + channel + i);
        }
    }
    kws_nn_activate(&params->requantize, output,
                    params->rows.output_size * params->columns.output_size * params->channels);
}
