/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_scaling.h"

/* For images of few channels, where windows of neighbouring pixels lie one pair of values apart and a row of a window
 * is at most eight values: the input rows of a window are copied to `lines` as int16 minus the zero point, padded left
 * and right, and windows are read from there in place. Four channels of two pixels at once.
 * Weights and bias are doubled, as kws_nn_scale() doubles sums. Weights are int16,
 * [channels / 4][rows][4 pairs of a row][4 channels][2]. */
#define CHANNELS 4
#define PAIRS 4
#define ROW_WEIGHTS (PAIRS * CHANNELS * 2)

/* Input rows, the top one first. */
typedef struct {
    int16_t *begin;
    int32_t pitch; /* int16 from one to the next, a multiple of 8 */
    int32_t top;   /* which input row is the first; negative: lines above the image are not looked at */
    int32_t next;  /* the first input row that is not there yet */
} lines;

/* What the outputs of a channel are computed from; assembly reads it by offsets, checked below. */
typedef struct {
    int32_t bias;
    kws_nn_scaling scaling;
} channel_plan;

typedef struct {
    int32_t to_next_line; /* bytes behind what a window sees of a line */
    const int16_t *weights_end, *weights;
    int32_t stride;            /* from the output of the first pixel to that of the second; 0: there is none */
    const int16_t *values_end; /* where blocks begin */
    channel_plan channels[CHANNELS];
} row_plan;

static void put_row(const kws_nn_conv_2d_strip_params *params, const int8_t *image, lines *rows)
{
    const int32_t count = params->input.width * params->input.channels;
    const int8_t *from = image + rows->next * count;
    int16_t *to = rows->begin + (rows->next - rows->top) * rows->pitch;
    const int16_t *const end = to + rows->pitch;
    for (int32_t i = params->window.pad_left * params->input.channels; i > 0; i--) {
        *to++ = 0;
    }
    const int8_t *const from_end = from + (count < end - to ? count : end - to);
#ifdef KWS_NN_DSP
    const int32_t minus_zero_point = kws_nn_twice(-params->input_zero_point);
    for (; from + 4 <= from_end; from += 4, to += 4) {
        const int32_t four = kws_nn_load_four(from);
        kws_nn_store_four(kws_nn_add_even_bytes(minus_zero_point, four), kws_nn_add_odd_bytes(minus_zero_point, four),
                          to);
    }
#endif
    while (from < from_end) {
        *to++ = (int16_t)(*from++ - params->input_zero_point);
    }
    while (to < end) {
        *to++ = 0;
    }
    rows->next++;
}

/* Eight int16 that move together. */
typedef struct {
    int32_t words[4];
} __attribute__((may_alias)) block;

/* Makes `top` the first line: what is still needed moves up. */
static void move_up(lines *rows, int32_t top)
{
    const block *from = (const block *)(rows->begin + (top - rows->top) * rows->pitch);
    block *to = (block *)rows->begin;
    for (int32_t left = (rows->next - top) * rows->pitch; left > 0; left -= 8) {
        *to++ = *from++;
    }
    rows->top = top;
    rows->next = rows->next > top ? rows->next : top;
}

#ifdef KWS_NN_THUMB
KWS_NN_CHECK_OFFSET(row_plan, to_next_line, 0);
KWS_NN_CHECK_OFFSET(row_plan, weights_end, 4);
KWS_NN_CHECK_OFFSET(row_plan, weights, 8);
KWS_NN_CHECK_OFFSET(row_plan, stride, 12);
KWS_NN_CHECK_OFFSET(row_plan, values_end, 16);
KWS_NN_CHECK_OFFSET(row_plan, channels, 20);
KWS_NN_CHECK_OFFSET(channel_plan, bias, 0);
KWS_NN_CHECK_OFFSET(channel_plan, scaling, 4);
KWS_NN_CHECK_SIZE(channel_plan, 16);

/* clang-format off */
#define TWO_CHANNELS(now, next, sum0, sum1, sum2, sum3) \
    "ldrd r12, lr, [r1], #8\n" \
    "smlad " sum0 ", r12, " now ", " sum0 "\n" \
    "smlad " sum1 ", r12, " next ", " sum1 "\n" \
    "smlad " sum2 ", lr, " now ", " sum2 "\n" \
    "smlad " sum3 ", lr, " next ", " sum3 "\n"
#define ONE_PAIR(now, next) \
    "ldr " next ", [r2], #4\n" \
    TWO_CHANNELS(now, next, "r4", "r5", "r6", "r7") \
    TWO_CHANNELS(now, next, "r8", "r9", "r10", "r11")
#define ONE_CHANNEL(first, second) \
    "ldmia r0, {r1, r3, r12}\n" \
    "add r0, r0, #16\n" \
    KWS_NN_SCALE_DOUBLED(first, "r1", "r3", "r12", "lr") \
    KWS_NN_SCALE_DOUBLED(second, "r1", "r3", "r12", "lr")

/* All blocks of a row. r0 plan, r1 values, r2 output. Then r4 to r11 the sums, each channel's of two pixels; r0 and r3
 * the pairs of the two pixels in turns, r1 weights, r2 values, r12 and lr weights of two channels. On the stack plan,
 * values and output of the block. */
KWS_NN_ASSEMBLY static void outputs_of_blocks(KWS_NN_UNUSED const row_plan *plan, KWS_NN_UNUSED const int16_t *values,
                                              KWS_NN_UNUSED int8_t *output)
{
    __asm__("push {r4-r11, lr}\n"
            "push {r0, r1, r2}\n"
            "ldrd r12, lr, [r0]\n"
            "push {r12, lr}\n"
            "1: ldr r4, [r0, #20]\n mov r5, r4\n"
            "ldr r6, [r0, #36]\n mov r7, r6\n"
            "ldr r8, [r0, #52]\n mov r9, r8\n"
            "ldr r10, [r0, #68]\n mov r11, r10\n"
            "mov r2, r1\n"
            "ldr r1, [r0, #8]\n"
            "2: ldr r0, [r2], #4\n"
            ONE_PAIR("r0", "r3") ONE_PAIR("r3", "r0") ONE_PAIR("r0", "r3") ONE_PAIR("r3", "r0")
            "ldrd r12, lr, [sp]\n"
            "add r2, r2, r12\n"
            "cmp r1, lr\n"
            "bne 2b\n"
            "ldr r0, [sp, #8]\n"
            "add r0, r0, #24\n"
            ONE_CHANNEL("r4", "r5") ONE_CHANNEL("r6", "r7") ONE_CHANNEL("r8", "r9") ONE_CHANNEL("r10", "r11")
            "ldrd r0, r1, [sp, #8]\n"
            "ldr r2, [sp, #16]\n"
            "ldrd r3, r12, [r0, #12]\n"
            "add lr, r2, r3\n" /* the second pixel first: where there is none, the first is written over it */
            "strb r5, [lr]\n strb r7, [lr, #1]\n strb r9, [lr, #2]\n strb r11, [lr, #3]\n"
            "strb r4, [r2]\n strb r6, [r2, #1]\n strb r8, [r2, #2]\n strb r10, [r2, #3]\n"
            "add r2, r2, r3, lsl #1\n"
            "add r1, r1, #8\n"
            "strd r1, r2, [sp, #12]\n"
            "cmp r1, r12\n"
            "bne 1b\n"
            "add sp, sp, #20\n"
            "pop {r4-r11, pc}\n");
}
/* clang-format on */
#else
static void outputs_of_block(const row_plan *plan, const int16_t *values, int8_t *output)
{
    int32_t first[CHANNELS], second[CHANNELS];
    for (int32_t i = 0; i < CHANNELS; i++) {
        first[i] = second[i] = plan->channels[i].bias;
    }
    for (const int16_t *weights = plan->weights; weights < plan->weights_end;) {
        for (int32_t pair = 0; pair < PAIRS; pair++, values += 2) {
            for (int32_t i = 0; i < CHANNELS; i++, weights += 2) {
                first[i] += weights[0] * values[0] + weights[1] * values[1];
                second[i] += weights[0] * values[2] + weights[1] * values[3];
            }
        }
        values += plan->to_next_line / 2 + 2;
    }
    for (int32_t i = 0; i < CHANNELS; i++) { /* where there is no second pixel, the first is written over it */
        output[plan->stride + i] = kws_nn_scale_doubled(&plan->channels[i].scaling, second[i]);
        output[i] = kws_nn_scale_doubled(&plan->channels[i].scaling, first[i]);
    }
}

static void outputs_of_blocks(const row_plan *plan, const int16_t *values, int8_t *output)
{
    for (; values < plan->values_end; values += 4, output += 2 * plan->stride) {
        outputs_of_block(plan, values, output);
    }
}
#endif

/* CHANNELS channels of a row of pixels; `values` and `weights` are those of the first line inside of the image. */
static void outputs_of_row(const kws_nn_conv_2d_strip_params *params, int32_t channel, const int16_t *weights,
                           int32_t n_lines, const int16_t *values, int8_t *output)
{
    const int32_t width = params->output.width;
    const int32_t stride = params->output.channels;
    row_plan plan;
    plan.to_next_line = 2 * (params->pitch - 2 * (PAIRS + 1));
    plan.weights_end = weights + n_lines * ROW_WEIGHTS;
    plan.weights = weights;
    for (int32_t i = 0; i < CHANNELS; i++) {
        plan.channels[i].bias = params->bias[channel + i];
        plan.channels[i].scaling = kws_nn_scaling_of(&params->requantize, channel + i);
    }
    plan.stride = stride;
    plan.values_end = values + width / 2 * 4;
    if (width > 1) {
        outputs_of_blocks(&plan, values, output + channel);
    }
    if (width % 2 != 0) {
        plan.stride = 0;
        values = plan.values_end;
        plan.values_end += 4;
        outputs_of_blocks(&plan, values, output + (width - 1) * stride + channel);
    }
}

static void outputs_of_image(const kws_nn_conv_2d_strip_params *params, const int8_t *image, int8_t *output,
                             int16_t *memory)
{
    const int32_t height = params->window.height;
    const int32_t row_bytes = params->output.width * params->output.channels;
    lines rows = {.begin = memory, .pitch = params->pitch, .top = -params->window.pad_top, .next = 0};
    for (int32_t y = 0; y < params->output.height; y++, output += row_bytes) {
        move_up(&rows, y * params->window.stride_y - params->window.pad_top);
        while (rows.next < rows.top + height && rows.next < params->input.height) {
            put_row(params, image, &rows);
        }
        const int32_t hidden = rows.top < 0 ? -rows.top : 0;
        const int16_t *weights = params->weights + hidden * ROW_WEIGHTS;
        const int32_t n_lines = rows.next - rows.top - hidden;
        for (int32_t channel = 0; channel < params->output.channels; channel += CHANNELS) {
            outputs_of_row(params, channel, weights, n_lines, memory + hidden * params->pitch, output);
            weights += height * ROW_WEIGHTS;
        }
        kws_nn_activate(&params->requantize, output, row_bytes);
    }
}

void kws_nn_conv_2d_strip(const kws_nn_conv_2d_strip_params *params, const int8_t *input, int8_t *output, void *scratch)
{
    const int32_t image_bytes = params->input.height * params->input.width * params->input.channels;
    const int32_t output_bytes = params->output.height * params->output.width * params->output.channels;
    for (int32_t batch = 0; batch < params->output.batches; batch++) {
        outputs_of_image(params, input + batch * image_bytes, output + batch * output_bytes, (int16_t *)scratch);
    }
}
