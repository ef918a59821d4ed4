/* SPDX-License-Identifier: Apache-2.0 */
/* A matrix product in tiles, with weights that were made int16 at build time: what the windows of two pixels see, by the
 * weights of four channels; a last pixel by itself. Windows become columns (kws_nn_columns.h) of two pixels. Weights are
 * doubled, as kws_nn_scale_doubled() needs sums, in the order in which they are read: for each block of four channels
 * their biases, then [pairs][4 channels]. The including file defines SCALE, as one of kws_nn_scaling.h.
 */
#ifndef KWS_NN_CONV_2D_WIDE_H
#define KWS_NN_CONV_2D_WIDE_H

#include "kws_nn_columns.h"
#include "kws_nn_scaling.h"

#define PIXELS 2
#define CHANNELS 4
#define SCALING_WORDS 3

/* What is computed; assembly reads and writes it by offsets, checked below. */
typedef struct {
    const int32_t *weights; /* of the block */
    int32_t block_bytes;
    int8_t *output; /* of the block and the next pixel */
    int32_t stride; /* from one pixel's output to the next */
    const int32_t *scaling;
    const int16_t *columns_end, *columns;
    int8_t *first_output; /* of the block */
    const int32_t *weights_end;
    int32_t scaling_bytes; /* from one block's scaling to the next one's */
} wide_plan;

#ifdef KWS_NN_THUMB
KWS_NN_CHECK_OFFSET(wide_plan, weights, 0);
KWS_NN_CHECK_OFFSET(wide_plan, block_bytes, 4);
KWS_NN_CHECK_OFFSET(wide_plan, output, 8);
KWS_NN_CHECK_OFFSET(wide_plan, stride, 12);
KWS_NN_CHECK_OFFSET(wide_plan, scaling, 16);
KWS_NN_CHECK_OFFSET(wide_plan, columns_end, 20);
KWS_NN_CHECK_OFFSET(wide_plan, columns, 24);
KWS_NN_CHECK_OFFSET(wide_plan, first_output, 28);
KWS_NN_CHECK_OFFSET(wide_plan, weights_end, 32);
KWS_NN_CHECK_OFFSET(wide_plan, scaling_bytes, 36);

/* clang-format off */
#define TWO_CHANNELS(a0, a1, b0, b1) \
    "ldrd r0, lr, [r2], #8\n" \
    "smlad " a0 ", r0, r3, " a0 "\n" \
    "smlad " a1 ", r0, r12, " a1 "\n" \
    "smlad " b0 ", lr, r3, " b0 "\n" \
    "smlad " b1 ", lr, r12, " b1 "\n"
#define ONE_PAIR \
    "ldrd r3, r12, [r1], #8\n" TWO_CHANNELS("r4", "r5", "r6", "r7") TWO_CHANNELS("r8", "r9", "r10", "r11")
#define ONE_CHANNEL(first, second) \
    "ldm r0!, {r3, r12, lr}\n" SCALE(first, "r3", "r12", "lr", "r2") SCALE(second, "r3", "r12", "lr", "r2")
#define ONE_PIXEL(a, b, c, d) \
    "strb " a ", [r2]\n strb " b ", [r2, #1]\n strb " c ", [r2, #2]\n strb " d ", [r2, #3]\n"

/* All channels of columns of two pixels. r0 plan. Then r4 to r11 the sums, each channel's of two pixels, r0 and lr a pair of
 * weights of two channels, r3 and r12 a pair of each pixel, r1 columns, r2 weights. On the stack plan and the end of the
 * block's weights. Two pairs, or four in one round, entered in its middle where half their number is odd. */
KWS_NN_ASSEMBLY static void outputs_of_tiles(KWS_NN_UNUSED wide_plan *plan)
{
    __asm__("push {r4-r11, lr}\n"
            "ldrd r2, r3, [r0]\n"
            "add r3, r3, r2\n"
            "push {r0, r3}\n"
            "ldr r1, [r0, #24]\n"
            "1: ldrd r2, r3, [r0]\n"
            "ldm r2!, {r4, r6, r8, r10}\n"
            "mov r5, r4\n mov r7, r6\n mov r9, r8\n mov r11, r10\n"
            "tst r3, #32\n"
            "bne 3f\n"
            "2:\n" ONE_PAIR ONE_PAIR
            "3:\n" ONE_PAIR ONE_PAIR
            "ldr r3, [sp, #4]\n"
            "cmp r2, r3\n"
            "bne 2b\n"
            "ldr r0, [sp]\n"
            "ldr r0, [r0, #16]\n"
            ONE_CHANNEL("r4", "r5") ONE_CHANNEL("r6", "r7") ONE_CHANNEL("r8", "r9") ONE_CHANNEL("r10", "r11")
            "ldr r0, [sp]\n"
            "ldrd r2, r3, [r0, #8]\n"
            "ldr r12, [r0, #20]\n"
            ONE_PIXEL("r4", "r6", "r8", "r10")
            "add r2, r2, r3\n"
            ONE_PIXEL("r5", "r7", "r9", "r11")
            "add r2, r2, r3\n"
            "str r2, [r0, #8]\n"
            "cmp r1, r12\n"
            "bne 1b\n"
            "ldrd r1, r2, [r0, #24]\n"
            "add r2, r2, #4\n"
            "str r2, [r0, #28]\n"
            "str r2, [r0, #8]\n"
            "ldrd r3, r12, [r0]\n"
            "ldr r4, [r0, #16]\n"
            "ldrd r5, r6, [r0, #32]\n"
            "add r3, r3, r12\n"
            "str r3, [r0]\n"
            "add r12, r12, r3\n"
            "str r12, [sp, #4]\n"
            "add r4, r4, r6\n"
            "str r4, [r0, #16]\n"
            "cmp r3, r5\n"
            "bne 1b\n"
            "add sp, sp, #8\n"
            "pop {r4-r11, pc}\n");
}

#define FOUR_CHANNELS(pair) \
    "ldm r2!, {r8-r11}\n" \
    "smlad r4, r8, " pair ", r4\n" \
    "smlad r5, r9, " pair ", r5\n" \
    "smlad r6, r10, " pair ", r6\n" \
    "smlad r7, r11, " pair ", r7\n"
#define TWO_PAIRS "ldrd r3, r12, [r1], #8\n" FOUR_CHANNELS("r3") FOUR_CHANNELS("r12")
#define ONE_SUM(sum) "ldm r1!, {r8-r10}\n" SCALE(sum, "r8", "r9", "r10", "r11")

/* All channels of one pixel. r0 plan. Then r4 to r7 the sums, r8 to r11 a pair of weights of each channel, r3 and r12 pairs of
 * the pixel, r1 its column, r2 weights, lr their end. */
KWS_NN_ASSEMBLY static void outputs_of_pixel(KWS_NN_UNUSED wide_plan *plan)
{
    __asm__("push {r4-r11, lr}\n"
            "ldrd r2, r3, [r0]\n"
            "1: add lr, r2, r3\n"
            "ldr r1, [r0, #24]\n"
            "ldm r2!, {r4-r7}\n"
            "tst r3, #32\n"
            "bne 3f\n"
            "2:\n" TWO_PAIRS
            "3:\n" TWO_PAIRS
            "cmp r2, lr\n"
            "bne 2b\n"
            "ldr r1, [r0, #16]\n"
            ONE_SUM("r4") ONE_SUM("r5") ONE_SUM("r6") ONE_SUM("r7")
            "ldr r3, [r0, #8]\n"
            "strb r4, [r3]\n strb r5, [r3, #1]\n strb r6, [r3, #2]\n strb r7, [r3, #3]\n"
            "add r3, r3, #4\n"
            "str r3, [r0, #8]\n"
            "ldrd r3, r12, [r0, #32]\n"
            "ldr r4, [r0, #16]\n"
            "add r4, r4, r12\n"
            "str r4, [r0, #16]\n"
            "cmp r2, r3\n"
            "ldr r3, [r0, #4]\n"
            "bne 1b\n"
            "pop {r4-r11, pc}\n");
}
/* clang-format on */
#else
static inline int8_t output_of(const int32_t *scaling, int32_t sum)
{
    const kws_nn_scaling own = {.multiplier = scaling[0], .offset = scaling[1], .shift = scaling[2]};
    return kws_nn_scale_doubled(&own, sum);
}

/* Two int16 of a word, by two int16. */
static inline int32_t product_of(int32_t weights, const int16_t *values)
{
    return (int16_t)(uint16_t)((uint32_t)weights & 0xffffu) * values[0] + (weights >> 16) * values[1];
}

/* One block of channels of one or of two pixels side by side. */
static inline void outputs_of_block(const wide_plan *plan, const int16_t *column, int32_t pixels, int8_t *output)
{
    const int32_t *weights = plan->weights;
    const int32_t *const end = weights + plan->block_bytes / 4;
    int32_t sums[PIXELS][CHANNELS];
    for (int32_t i = 0; i < CHANNELS; i++, weights++) {
        sums[0][i] = sums[1][i] = *weights;
    }
    for (; weights < end; weights += CHANNELS, column += 2 * pixels) {
        for (int32_t i = 0; i < CHANNELS; i++) {
            for (int32_t pixel = 0; pixel < pixels; pixel++) {
                sums[pixel][i] += product_of(weights[i], column + 2 * pixel);
            }
        }
    }
    for (int32_t pixel = 0; pixel < pixels; pixel++) {
        for (int32_t i = 0; i < CHANNELS; i++) {
            output[pixel * plan->stride + i] = output_of(plan->scaling + SCALING_WORDS * i, sums[pixel][i]);
        }
    }
}

static inline void outputs_of_all(wide_plan *plan, int32_t pixels)
{
    const int32_t column = (plan->block_bytes / 4 - CHANNELS) / CHANNELS * 2 * pixels;
    for (; plan->weights < plan->weights_end; plan->weights += plan->block_bytes / 4) {
        int8_t *output = plan->first_output;
        for (const int16_t *at = plan->columns; at < plan->columns_end; at += column) {
            outputs_of_block(plan, at, pixels, output);
            output += pixels * plan->stride;
        }
        plan->first_output += CHANNELS;
        plan->scaling += plan->scaling_bytes / 4;
    }
}

static inline void outputs_of_tiles(wide_plan *plan)
{
    outputs_of_all(plan, PIXELS);
}

static inline void outputs_of_pixel(wide_plan *plan)
{
    outputs_of_all(plan, 1);
}
#endif

/* Where a window that lies in the image as one run begins; NULL: some of it lies outside. */
static const int8_t *run_of(const kws_nn_conv_2d_wide_params *params, const int8_t *input, kws_nn_position at)
{
    const kws_nn_shape *image = &params->input;
    const kws_nn_window *window = &params->window;
    const int32_t y = at.y * window->stride_y - window->pad_top, x = at.x * window->stride_x - window->pad_left;
    if (y < 0 || y + window->height > image->height || x < 0 || x + window->width > image->width) {
        return NULL;
    }
    return input + ((at.batch * image->height + y) * image->width + x) * image->channels;
}

/* Whether windows inside of the image are runs of whole fours. */
static int are_runs(const kws_nn_conv_2d_wide_params *params)
{
    const kws_nn_window *window = &params->window;
    const int32_t values = window->height * window->width * params->input.channels;
    const int whole_rows = window->width == params->input.width && window->dilation_y == 1;
    return (window->height == 1 || whole_rows) && values == params->window_values;
}

static inline void put_two_runs(const int8_t *first, const int8_t *second, int32_t count, int32_t zero_point,
                                int16_t *columns)
{
#ifdef KWS_NN_DSP
    const int32_t minus_zero_point = kws_nn_twice(-zero_point);
    kws_nn_pair *to = (kws_nn_pair *)columns;
    for (const int8_t *const end = first + count; first < end; first += 4, second += 4, to += 4) {
        const int32_t a = kws_nn_load_four(first), b = kws_nn_load_four(second);
        to[0] = kws_nn_add_even_bytes(minus_zero_point, a);
        to[1] = kws_nn_add_even_bytes(minus_zero_point, b);
        to[2] = kws_nn_add_odd_bytes(minus_zero_point, a);
        to[3] = kws_nn_add_odd_bytes(minus_zero_point, b);
    }
#else
    for (const int8_t *const end = first + count; first < end; first += 4, second += 4, columns += 8) {
        for (int32_t i = 0; i < 2; i++) {
            columns[4 * i] = (int16_t)(first[i] - zero_point);
            columns[4 * i + 1] = (int16_t)(first[i + 2] - zero_point);
            columns[4 * i + 2] = (int16_t)(second[i] - zero_point);
            columns[4 * i + 3] = (int16_t)(second[i + 2] - zero_point);
        }
    }
#endif
}

/* Two pixels' columns side by side, or one pixel's, where `is_single`. */
static inline void put_columns(const kws_nn_conv_2d_wide_params *params, const int8_t *input, kws_nn_position at,
                               int is_single, int16_t *columns)
{
    const kws_nn_columns_of of = {&params->input, &params->window, params->input_zero_point};
    const int8_t *const first = are_runs(params) ? run_of(params, input, at) : NULL;
    if (is_single) {
        if (first != NULL) {
            kws_nn_put_run(columns, 1, 0, first, params->window_values, params->input_zero_point);
        } else {
            kws_nn_put_window(&of, input, at, 1, columns);
        }
        return;
    }
    const kws_nn_position next = kws_nn_next_position(&params->output, at);
    const int8_t *const second = first != NULL ? run_of(params, input, next) : NULL;
    if (second != NULL) {
        put_two_runs(first, second, params->window_values, params->input_zero_point, columns);
        return;
    }
    kws_nn_put_window(&of, input, at, PIXELS, columns);
    kws_nn_put_window(&of, input, next, PIXELS, columns + 2);
}

/* All channels of `count` pixels in columns. */
static inline void outputs_of_pixels(const kws_nn_conv_2d_wide_params *params, const int16_t *columns, int32_t count,
                                     int8_t *output)
{
    const int32_t size = params->window_values, channels = params->output.channels;
    const int32_t paired = count / PIXELS * PIXELS;
    wide_plan plan;
    plan.block_bytes = 4 * CHANNELS + 2 * CHANNELS * size;
    plan.weights_end = params->weights + channels / CHANNELS * (plan.block_bytes / 4);
    plan.stride = channels;
    plan.scaling_bytes = params->scaling_bytes;
    if (paired > 0) {
        plan.weights = params->weights;
        plan.scaling = params->scaling;
        plan.output = plan.first_output = output;
        plan.columns = columns;
        plan.columns_end = columns + paired * size;
        outputs_of_tiles(&plan);
    }
    if (paired < count) {
        plan.weights = params->weights;
        plan.scaling = params->scaling;
        plan.output = plan.first_output = output + paired * channels;
        plan.columns = columns + paired * size;
        plan.columns_end = plan.columns + size;
        outputs_of_pixel(&plan);
    }
}

/* The kernel: input and output as of its own function. */
static inline void outputs_of_images(const kws_nn_conv_2d_wide_params *params, const int8_t *input, int8_t *output,
                                     int16_t *columns)
{
    const kws_nn_shape *shape = &params->output;
    kws_nn_position at = {.batch = 0, .y = 0, .x = 0};
    for (int32_t left = shape->batches * shape->height * shape->width; left > 0;) {
        const int32_t count = left < params->pixels_at_once ? left : params->pixels_at_once;
        for (int32_t i = 0; i < count; i += PIXELS) {
            put_columns(params, input, at, i + 1 == count, columns + i * params->window_values);
            at = kws_nn_next_position(shape, kws_nn_next_position(shape, at));
        }
        outputs_of_pixels(params, columns, count, output);
        kws_nn_clamp_all(params->minimum, params->maximum, output, count * shape->channels);
        output += count * shape->channels;
        left -= count;
    }
}

#endif
