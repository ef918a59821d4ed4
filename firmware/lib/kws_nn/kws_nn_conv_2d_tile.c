/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_columns.h"
#include "kws_nn_scaling.h"

/* A matrix product in tiles: what the windows of some pixels see, by the weights of two channels, four pixels at once.
 * Windows are copied to `columns` as int16 minus the zero point: [pixels / 4][pairs][4 pixels] pairs, where values k, k + 2 of
 * four make a pair, and k + 1, k + 3, as instructions take bytes out of a word of weights. Weights are spread out in the
 * same order, [pairs][2 channels] pairs, once for all those pixels, and doubled as kws_nn_scale() doubles sums. */
#define PIXELS 4
#define CHANNELS 2

/* What the outputs of two channels are computed from; assembly reads it by offsets, checked below. */
typedef struct {
    kws_nn_scaling scaling[CHANNELS];
    int32_t bias[CHANNELS]; /* doubled */
    const int16_t *weights, *weights_end;
    int32_t stride;             /* from one pixel's output to the next */
    const int16_t *columns_end; /* of the pixels to make */
} tile_plan;

#ifdef KWS_NN_DSP
static void spread_weights(const int8_t *first, const int8_t *second, int32_t values, int16_t *weights)
{
    kws_nn_pair *pairs = (kws_nn_pair *)weights;
    for (const int8_t *const end = first + values; first < end; first += 4, second += 4, pairs += 2 * CHANNELS) {
        const int32_t a = kws_nn_load_four(first);
        const int32_t b = kws_nn_load_four(second);
        pairs[0] = kws_nn_double(kws_nn_even_bytes(a));
        pairs[1] = kws_nn_double(kws_nn_even_bytes(b));
        pairs[2] = kws_nn_double(kws_nn_odd_bytes(a));
        pairs[3] = kws_nn_double(kws_nn_odd_bytes(b));
    }
}
#else
static void spread_weights(const int8_t *first, const int8_t *second, int32_t values, int16_t *weights)
{
    for (int32_t k = 0; k < values; k += 4, weights += 4 * CHANNELS) {
        for (int32_t i = 0; i < 4; i++) {
            weights[i / 2 + i % 2 * 4] = (int16_t)(2 * first[k + i]);
            weights[i / 2 + i % 2 * 4 + 2] = (int16_t)(2 * second[k + i]);
        }
    }
}
#endif

#ifdef KWS_NN_THUMB
KWS_NN_CHECK_OFFSET(tile_plan, scaling, 0);
KWS_NN_CHECK_OFFSET(tile_plan, bias, 24);
KWS_NN_CHECK_OFFSET(tile_plan, weights, 32);
KWS_NN_CHECK_OFFSET(tile_plan, weights_end, 36);
KWS_NN_CHECK_OFFSET(tile_plan, stride, 40);
KWS_NN_CHECK_OFFSET(tile_plan, columns_end, 44);

/* clang-format off */
#define TWO_PIXELS(sum0, sum1, sum2, sum3) \
    "ldrd r3, r12, [r1], #8\n" \
    "smlad " sum0 ", r0, r3, " sum0 "\n" \
    "smlad " sum1 ", lr, r3, " sum1 "\n" \
    "smlad " sum2 ", r0, r12, " sum2 "\n" \
    "smlad " sum3 ", lr, r12, " sum3 "\n"
#define ONE_PAIR \
    "ldrd r0, lr, [r2], #8\n" TWO_PIXELS("r4", "r5", "r6", "r7") TWO_PIXELS("r8", "r9", "r10", "r11")
#define ONE_OUTPUT(first, second) \
    "strb " first ", [r2]\n" \
    "strb " second ", [r2, #1]\n" \
    "add r2, r2, r3\n"
#define ONE_CHANNEL(sum0, sum1, sum2, sum3) \
    "ldm r0!, {r3, r12, lr}\n" \
    KWS_NN_SCALE_DOUBLED(sum0, "r3", "r12", "lr", "r2") \
    KWS_NN_SCALE_DOUBLED(sum1, "r3", "r12", "lr", "r2") \
    KWS_NN_SCALE_DOUBLED(sum2, "r3", "r12", "lr", "r2") \
    KWS_NN_SCALE_DOUBLED(sum3, "r3", "r12", "lr", "r2")

/* Two channels of all pixels in columns. r0 plan, r1 columns, r2 output. Then r4 to r11 the sums, both channels' of each
 * pixel, r0 and lr a pair of weights of each channel, r3 and r12 pairs of two pixels, r2 weights. On the stack plan,
 * output and the weights' end. Four values are two pairs; two times that in one round, entered in its middle where the
 * number is odd. */
KWS_NN_ASSEMBLY static void outputs_of_tiles(KWS_NN_UNUSED const tile_plan *plan, KWS_NN_UNUSED const int16_t *columns,
                                             KWS_NN_UNUSED int8_t *output)
{
    __asm__("push {r4-r11, lr}\n"
            "ldr r3, [r0, #36]\n"
            "push {r0, r2, r3}\n"
            "1: ldrd r4, r5, [r0, #24]\n"
            "mov r6, r4\n mov r7, r5\n mov r8, r4\n mov r9, r5\n mov r10, r4\n mov r11, r5\n"
            "ldrd r2, r3, [r0, #32]\n"
            "sub r3, r3, r2\n"
            "tst r3, #16\n"
            "bne 3f\n"
            "2:\n" ONE_PAIR ONE_PAIR
            "3:\n" ONE_PAIR ONE_PAIR
            "ldr r3, [sp, #8]\n"
            "cmp r2, r3\n"
            "bne 2b\n"
            "ldr r0, [sp]\n"
            ONE_CHANNEL("r4", "r6", "r8", "r10")
            ONE_CHANNEL("r5", "r7", "r9", "r11")
            "ldrd r0, r2, [sp]\n"
            "ldrd r3, r12, [r0, #40]\n"
            ONE_OUTPUT("r4", "r5") ONE_OUTPUT("r6", "r7") ONE_OUTPUT("r8", "r9") ONE_OUTPUT("r10", "r11")
            "str r2, [sp, #4]\n"
            "cmp r1, r12\n"
            "bne 1b\n"
            "add sp, sp, #12\n"
            "pop {r4-r11, pc}\n");
}
/* clang-format on */
#else
static void outputs_of_tiles(const tile_plan *plan, const int16_t *columns, int8_t *output)
{
    for (; columns < plan->columns_end; output += PIXELS * plan->stride) {
        int32_t first[PIXELS], second[PIXELS];
        for (int32_t i = 0; i < PIXELS; i++) {
            first[i] = plan->bias[0];
            second[i] = plan->bias[1];
        }
        for (const int16_t *weights = plan->weights; weights < plan->weights_end; weights += 2 * CHANNELS) {
            for (int32_t i = 0; i < PIXELS; i++, columns += 2) {
                first[i] += weights[0] * columns[0] + weights[1] * columns[1];
                second[i] += weights[2] * columns[0] + weights[3] * columns[1];
            }
        }
        for (int32_t i = 0; i < PIXELS; i++) {
            output[i * plan->stride] = kws_nn_scale_doubled(&plan->scaling[0], first[i]);
            output[i * plan->stride + 1] = kws_nn_scale_doubled(&plan->scaling[1], second[i]);
        }
    }
}
#endif

static void copy_outputs(const int8_t *from, int32_t channels, int32_t count, int32_t stride, int8_t *to)
{
    for (; count > 0; count--, from += CHANNELS, to += stride) {
        to[0] = from[0];
        if (channels > 1) {
            to[1] = from[1];
        }
    }
}

/* Two channels, or a last one, of `count` pixels in columns. Surplus pixels or a surplus channel go to a buffer of
 * their own. */
static void outputs_of_channels(tile_plan *plan, const int16_t *columns, int32_t size, int32_t channels, int32_t count,
                                int32_t stride, int8_t *output)
{
    int8_t aside[PIXELS * CHANNELS];
    const int32_t whole = channels == CHANNELS ? count / PIXELS * PIXELS : 0;
    if (whole > 0) {
        plan->stride = stride;
        plan->columns_end = columns + whole * size;
        outputs_of_tiles(plan, columns, output);
    }
    plan->stride = CHANNELS;
    for (int32_t done = whole; done < count; done += PIXELS) {
        plan->columns_end = columns + (done + PIXELS) * size;
        outputs_of_tiles(plan, columns + done * size, aside);
        copy_outputs(aside, channels, count - done < PIXELS ? count - done : PIXELS, stride, output + done * stride);
    }
}

/* All channels of `count` pixels in columns. */
static void outputs_of_pixels(const kws_nn_conv_2d_tile_params *params, const int16_t *columns, int32_t count,
                              int16_t *spread, int8_t *output)
{
    const int32_t stride = params->output.channels;
    const int32_t size = params->window_values;
    tile_plan plan;
    plan.weights = spread;
    plan.weights_end = spread + CHANNELS * size;
    for (int32_t channel = 0; channel < stride; channel += CHANNELS) {
        const int32_t next = channel + 1 < stride ? channel + 1 : channel;
        plan.scaling[0] = kws_nn_scaling_of(&params->requantize, channel);
        plan.scaling[1] = kws_nn_scaling_of(&params->requantize, next);
        plan.bias[0] = 2 * params->bias[channel];
        plan.bias[1] = 2 * params->bias[next];
        spread_weights(params->weights + channel * size, params->weights + next * size, size, spread);
        outputs_of_channels(&plan, columns, size, next - channel + 1, count, stride, output + channel);
    }
    kws_nn_activate(&params->requantize, output, count * stride);
}

void kws_nn_conv_2d_tile(const kws_nn_conv_2d_tile_params *params, const int8_t *input, int8_t *output, void *scratch)
{
    const kws_nn_shape *shape = &params->output;
    int16_t *const columns = (int16_t *)scratch;
    int16_t *const spread = columns + params->pixels_at_once * params->window_values;
    const kws_nn_columns_of of = {.input = &params->input,
                                  .window = &params->window,
                                  .zero_point = params->input_zero_point};
    kws_nn_position at = {.batch = 0, .y = 0, .x = 0};
    for (int32_t left = shape->batches * shape->height * shape->width; left > 0;) {
        const int32_t count = left < params->pixels_at_once ? left : params->pixels_at_once;
        for (int32_t i = 0; i < count; i++) {
            kws_nn_put_window(&of, input, at, PIXELS,
                              columns + i / PIXELS * PIXELS * params->window_values + i % PIXELS * 2);
            at = kws_nn_next_position(shape, at);
        }
        outputs_of_pixels(params, columns, count, spread, output);
        output += count * shape->channels;
        left -= count;
    }
}
