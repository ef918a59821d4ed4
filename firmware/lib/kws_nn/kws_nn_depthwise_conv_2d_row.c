/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_lines.h"
#include "kws_nn_scaling.h"

/* One filter a channel, along one axis. A line is what one channel's windows see, as int16 less the zero point with its
 * padding, so that neighbours are neighbours in memory; lines of four channels are made at once, since a word holds four
 * channels. Two neighbouring outputs see values in the same words: for each of these words there are two pairs of weights,
 * which tinykws makes from the model's (kws_nn.h), one for each output, with zeros where an output does not see a value. */
#define CHANNELS KWS_NN_LINES
#define REGISTER_WORDS 4 /* for so many words weights stay in registers */

/* Outputs of the channels whose lines are in memory; assembly reads and writes it by offsets, checked below. */
typedef struct {
    const int32_t *scaling;
    int32_t scaling_bytes;  /* from one channel to the next */
    const int32_t *weights; /* bias, then pairs */
    int32_t line_bytes;
    const int16_t *values;
    int8_t *output;
    int32_t output_step;
    int32_t values_bytes; /* from the values of the first output to those behind the last one */
    int32_t value_step;   /* bytes from the values of two outputs to those of the next two */
    int32_t words;
    int32_t channels;
} row_plan;

static void clear_padding(const kws_nn_depthwise_conv_2d_row_params *params, int16_t *lines)
{
    for (int32_t i = 0; i < CHANNELS; i++, lines += params->length) {
        for (int32_t k = 0; k < params->pad; k++) {
            lines[k] = 0;
        }
        for (int32_t k = params->pad + params->input_size; k < params->length; k++) {
            lines[k] = 0;
        }
    }
}

#ifdef KWS_NN_THUMB
KWS_NN_CHECK_OFFSET(row_plan, scaling, 0);
KWS_NN_CHECK_OFFSET(row_plan, scaling_bytes, 4);
KWS_NN_CHECK_OFFSET(row_plan, weights, 8);
KWS_NN_CHECK_OFFSET(row_plan, line_bytes, 12);
KWS_NN_CHECK_OFFSET(row_plan, values, 16);
KWS_NN_CHECK_OFFSET(row_plan, output, 20);
KWS_NN_CHECK_OFFSET(row_plan, output_step, 24);
KWS_NN_CHECK_OFFSET(row_plan, values_bytes, 28);
KWS_NN_CHECK_OFFSET(row_plan, value_step, 32);
KWS_NN_CHECK_OFFSET(row_plan, words, 36);
KWS_NN_CHECK_OFFSET(row_plan, channels, 40);

/* clang-format off */
/* From the plan, r0: r1 values, r2 output, r3 weights behind the bias; on the stack multiplier, offset, shift, step, end of
 * the values and bias. What is of the next channel goes to the plan, but for the weights. */
#define NEXT_CHANNEL \
    "ldrd r4, r5, [r0]\n" \
    "ldm r4, {r6, r7, r8}\n" \
    "add r4, r4, r5\n" \
    "str r4, [r0]\n" \
    "ldr r3, [r0, #8]\n" \
    "ldr r12, [r3], #4\n" \
    "ldrd r1, r2, [r0, #16]\n" \
    "ldrd r9, r10, [r0, #24]\n" \
    "add r10, r10, r1\n" \
    "stm sp, {r6, r7, r8, r9, r10, r12}\n" \
    "ldr r6, [r0, #12]\n" \
    "add r6, r6, r1\n" \
    "add r7, r2, #1\n" \
    "strd r6, r7, [r0, #16]\n"

/* Sums r12 and lr become the outputs at r2 and behind it. */
#define TWO_OUTPUTS \
    "ldrd r0, r3, [sp]\n" \
    "add r3, r3, r12, asr #31\n" \
    "smmlar r12, r12, r0, r3\n" \
    "ldr r3, [sp, #4]\n" \
    "add r3, r3, lr, asr #31\n" \
    "smmlar lr, lr, r0, r3\n" \
    "ldrd r0, r3, [sp, #8]\n" \
    "asr r12, r12, r0\n" \
    "asr lr, lr, r0\n" \
    "ssat r12, #8, r12\n" \
    "ssat lr, #8, lr\n" \
    "strb lr, [r2, r3]\n" /* where there is no second output, the first is written over it */ \
    "strb r12, [r2]\n" \
    "add r2, r2, r3, lsl #1\n" \
    "ldr r0, [sp, #16]\n" \
    "cmp r1, r0\n"

/* While there is a channel: back to 1, r0 the plan. */
#define WHILE_CHANNELS \
    "ldr r0, [sp, #24]\n" \
    "ldr r3, [r0, #40]\n" \
    "subs r3, r3, #1\n" \
    "str r3, [r0, #40]\n" \
    "bne 1b\n"

/* Sums r12 and lr become outputs as above; multiplier, offset, shift and step in registers. */
#define SCALED(multiplier, offset) \
    "add r0, " offset ", r12, asr #31\n" \
    "smmlar r12, r12, " multiplier ", r0\n" \
    "add r0, " offset ", lr, asr #31\n" \
    "smmlar lr, lr, " multiplier ", r0\n"
#define SHIFTED(shift, step) \
    "asr r12, r12, " shift "\n" \
    "asr lr, lr, " shift "\n" \
    "ssat r12, #8, r12\n" \
    "ssat lr, #8, lr\n" \
    "strb lr, [r2, " step "]\n" \
    "strb r12, [r2]\n" /* where there is no second output, the first is written over it */ \
    "add r2, r2, " step ", lsl #1\n"

/* Two outputs at once of each channel, of windows of seven at most: r4, r5, r8 and the second half of r11 are the first one's
 * weights, the first half of r4 and r7, r10 and r11 the second one's. r12 and lr the sums, r0 and r3 values, r6 multiplier,
 * r9 offset. */
KWS_NN_ASSEMBLY static void outputs_of_stride_1(KWS_NN_UNUSED row_plan *plan)
{
    __asm__("push {r0, r4-r11, lr}\n"
            "sub sp, sp, #24\n"
            "1:\n" NEXT_CHANNEL
            "ldm r3!, {r4-r11}\n"
            "str r3, [r0, #8]\n"
            "ldr r6, [sp]\n"
            "ldr r9, [sp, #4]\n"
            "2: ldr lr, [sp, #20]\n"
            "ldrd r0, r3, [r1], #4\n"
            "smlad r12, r0, r4, lr\n"
            "smlatb lr, r0, r4, lr\n"
            "smlad r12, r3, r5, r12\n"
            "smlad lr, r3, r7, lr\n"
            "ldrd r0, r3, [r1, #4]\n"
            "smlad r12, r0, r8, r12\n"
            "smlad lr, r0, r10, lr\n"
            "smlabt r12, r3, r11, r12\n"
            "smlad lr, r3, r11, lr\n"
            SCALED("r6", "r9")
            "ldrd r0, r3, [sp, #8]\n"
            SHIFTED("r0", "r3")
            "ldr r0, [sp, #16]\n"
            "cmp r1, r0\n"
            "bne 2b\n"
            WHILE_CHANNELS
            "add sp, sp, #28\n"
            "pop {r4-r11, pc}\n");
}

/* The same of windows of six at most, two values apart: both have the same weights, r4, r5 and r8, one word apart. r6
 * multiplier, r9 offset, r10 shift, r7 step, r11 bias. */
KWS_NN_ASSEMBLY static void outputs_of_stride_2(KWS_NN_UNUSED row_plan *plan)
{
    __asm__("push {r0, r4-r11, lr}\n"
            "sub sp, sp, #24\n"
            "1:\n" NEXT_CHANNEL
            "ldm r3!, {r4-r11}\n"
            "str r3, [r0, #8]\n"
            "ldr r6, [sp]\n"
            "ldr r9, [sp, #4]\n"
            "ldr r10, [sp, #8]\n"
            "ldr r7, [sp, #12]\n"
            "ldr r11, [sp, #20]\n"
            "2: ldrd r0, r3, [r1], #8\n"
            "smlad r12, r0, r4, r11\n"
            "smlad lr, r3, r4, r11\n"
            "smlad r12, r3, r5, r12\n"
            "ldrd r0, r3, [r1]\n"
            "smlad lr, r0, r5, lr\n"
            "smlad r12, r0, r8, r12\n"
            "smlad lr, r3, r8, lr\n"
            SCALED("r6", "r9")
            SHIFTED("r10", "r7")
            "ldr r0, [sp, #16]\n"
            "cmp r1, r0\n"
            "bne 2b\n"
            WHILE_CHANNELS
            "add sp, sp, #28\n"
            "pop {r4-r11, pc}\n");
}

/* The same for any window and stride. r4 the weights, r5 the words left of a pair of outputs, r6 the step of values, r7 to
 * r10 weights, r11 the number of words that windows see. */
KWS_NN_ASSEMBLY static void outputs_from_memory(KWS_NN_UNUSED row_plan *plan)
{
    __asm__("push {r0, r4-r11, lr}\n"
            "sub sp, sp, #24\n"
            "1:\n" NEXT_CHANNEL
            "ldrd r6, r11, [r0, #32]\n"
            "mov r4, r3\n"
            "add r3, r3, r11, lsl #3\n"
            "str r3, [r0, #8]\n"
            "2: ldr lr, [sp, #20]\n"
            "mov r12, lr\n"
            "mov r5, r11\n"
            "3: ldrd r0, r3, [r1], #8\n"
            "ldm r4!, {r7-r10}\n"
            "smlad r12, r0, r7, r12\n"
            "smlad lr, r0, r9, lr\n"
            "smlad r12, r3, r8, r12\n"
            "smlad lr, r3, r10, lr\n"
            "subs r5, r5, #2\n"
            "bne 3b\n"
            "sub r4, r4, r11, lsl #3\n"
            "sub r1, r1, r11, lsl #2\n"
            "add r1, r1, r6\n"
            TWO_OUTPUTS
            "bne 2b\n"
            WHILE_CHANNELS
            "add sp, sp, #28\n"
            "pop {r4-r11, pc}\n");
}
/* clang-format on */

static void two_by_two(row_plan *plan)
{
    if (plan->words != REGISTER_WORDS || plan->value_step > 8) {
        outputs_from_memory(plan);
    } else if (plan->value_step == 4) {
        outputs_of_stride_1(plan);
    } else {
        outputs_of_stride_2(plan);
    }
}
#else
static inline int32_t product_of(int32_t weights, const int16_t *values)
{
    return (int16_t)(uint16_t)((uint32_t)weights & 0xffffu) * values[0] + (weights >> 16) * values[1];
}

static void outputs_of_channel(const row_plan *plan)
{
    const int32_t *own = plan->scaling;
    const kws_nn_scaling scaling = {.multiplier = own[0], .offset = own[1], .shift = own[2]};
    const int16_t *const end = plan->values + plan->values_bytes / 2;
    int8_t *output = plan->output;
    for (const int16_t *values = plan->values; values < end; values += plan->value_step / 2) {
        const int32_t *weights = plan->weights;
        int32_t first = *weights++, second = first;
        for (int32_t i = 0; i < plan->words; i += 2, weights += 4) {
            first += product_of(weights[0], values + 2 * i) + product_of(weights[1], values + 2 * i + 2);
            second += product_of(weights[2], values + 2 * i) + product_of(weights[3], values + 2 * i + 2);
        }
        output[plan->output_step] = kws_nn_scale_doubled(&scaling, second);
        output[0] = kws_nn_scale_doubled(&scaling, first);
        output += 2 * plan->output_step;
    }
}

static void two_by_two(row_plan *plan)
{
    for (; plan->channels > 0; plan->channels--) {
        outputs_of_channel(plan);
        plan->scaling += plan->scaling_bytes / 4;
        plan->weights += 1 + 2 * plan->words;
        plan->values += plan->line_bytes / 2;
        plan->output++;
    }
}
#endif

/* For outputs from `first` on, a multiple of two; for a single one where `step` is 0. */
static row_plan plan_of(const kws_nn_depthwise_conv_2d_row_params *params, int32_t first, int32_t count, int32_t step,
                        const int16_t *lines, int8_t *output)
{
    const row_plan plan = {
        .scaling = params->scaling,
        .scaling_bytes = 4 * params->scaling_step,
        .weights = params->weights,
        .line_bytes = 2 * params->length,
        .values = lines + first * params->stride,
        .output = output + first * params->output_step,
        .output_step = step,
        .values_bytes = 2 * count * params->stride,
        .value_step = 4 * params->stride,
        .words = params->words,
        .channels = CHANNELS,
    };
    return plan;
}

/* Outputs of the four channels whose lines are in memory; then the plan is that of the next four. */
static void outputs_of_channels(row_plan *plan)
{
    const int16_t *const values = plan->values;
    two_by_two(plan);
    plan->values = values;
    plan->channels = CHANNELS;
}

void kws_nn_depthwise_conv_2d_row(const kws_nn_depthwise_conv_2d_row_params *params, const int8_t *input,
                                  int8_t *output, void *scratch)
{
    int16_t *const lines = (int16_t *)scratch;
    const int32_t paired = params->output_size / 2 * 2;
    row_plan pairs = plan_of(params, 0, paired, params->output_step, lines, output);
    row_plan last = plan_of(params, paired, 2, 0, lines, output);
    clear_padding(params, lines);
    for (int32_t channel = 0; channel < params->channels; channel += CHANNELS) {
        kws_nn_fill_lines(input + channel, params->input_step, params->input_size, params->input_zero_point,
                          params->length, lines + params->pad);
        if (paired > 0) {
            outputs_of_channels(&pairs);
        }
        if (paired < params->output_size) {
            outputs_of_channels(&last);
        }
    }
    kws_nn_clamp_all(params->minimum, params->maximum, output, params->output_size * params->channels);
}
