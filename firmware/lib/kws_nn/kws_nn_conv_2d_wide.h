/* SPDX-License-Identifier: Apache-2.0 */
/* A matrix product in tiles, with weights that were made int16 at build time: what the windows of two pixels see, by the
 * weights of four channels; a last pixel by itself. Windows become columns (kws_nn_columns.h) of two pixels. Weights are
 * in the order in which they are read: for each block of four channels their biases, then [pairs][4 channels].
 *
 * The including file says how sums become outputs: SCALING_WORDS of a channel, output_of() for one sum, and in assembly
 * TILE_OUTPUTS, from r4 to r11 (each channel's sums of two pixels) and r0 the block's scaling, with r2, r3, r12 and lr free,
 * and PIXEL_OUTPUTS, from r4 to r7 and r1 the scaling, with r8 to r12 and lr free. Both leave words of four outputs: in r8 and
 * r9, or in r4.
 */
#if !defined KWS_NN_CONV_2D_WIDE_H && defined SCALING_WORDS /* by itself it has nothing to compile */
#define KWS_NN_CONV_2D_WIDE_H

#include "kws_nn_columns.h"
#include "kws_nn_scaling.h"

#define PIXELS 2
#define CHANNELS 4

/* What is computed; assembly reads and writes it by offsets, checked below. */
typedef struct {
    const int32_t *weights; /* of the block */
    int32_t block_bytes;
    int8_t *output; /* of the block's first pixel */
    int32_t stride; /* from one pixel's output to the next */
    const int16_t *columns_end;
    const int32_t *scaling; /* of the block */
    int32_t entry; /* bytes of unrolled code that a tile's first round leaves out; assembly makes it an address */
    const int16_t *columns;
    const int32_t *weights_end;
    int32_t scaling_bytes; /* from one block's scaling to the next one's */
} wide_plan;

/* Pairs in one round of unrolled code, and the bytes of each. The first pair of a tile is not in a round. */
#define UNROLLED_PAIRS 12
#define PAIR_BYTES 44

#ifdef KWS_NN_THUMB
KWS_NN_CHECK_OFFSET(wide_plan, weights, 0);
KWS_NN_CHECK_OFFSET(wide_plan, block_bytes, 4);
KWS_NN_CHECK_OFFSET(wide_plan, output, 8);
KWS_NN_CHECK_OFFSET(wide_plan, stride, 12);
KWS_NN_CHECK_OFFSET(wide_plan, columns_end, 16);
KWS_NN_CHECK_OFFSET(wide_plan, scaling, 20);
KWS_NN_CHECK_OFFSET(wide_plan, entry, 24);
KWS_NN_CHECK_OFFSET(wide_plan, columns, 28);
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
/* The first pair of a tile, where both pixels begin with the biases in r4, r6, r8 and r10. */
#define FIRST_OF_TWO_CHANNELS(a0, a1, b0, b1) \
    "ldrd r0, lr, [r2], #8\n" \
    "smlad " a1 ", r0, r12, " a0 "\n" \
    "smlad " a0 ", r0, r3, " a0 "\n" \
    "smlad " b1 ", lr, r12, " b0 "\n" \
    "smlad " b0 ", lr, r3, " b0 "\n"
#define FIRST_PAIR \
    "ldrd r3, r12, [r1], #8\n" \
    FIRST_OF_TWO_CHANNELS("r4", "r5", "r6", "r7") FIRST_OF_TWO_CHANNELS("r8", "r9", "r10", "r11")
/* From the plan in r0 to the next block of channels; the flags say whether there is none. */
#define NEXT_BLOCK \
    "ldrd r2, r3, [r0]\n" \
    "add r2, r2, r3\n" \
    "ldr r3, [r0, #8]\n" \
    "add r3, r3, #4\n" \
    "ldr r12, [r0, #20]\n" \
    "ldr lr, [r0, #36]\n" \
    "add r12, r12, lr\n" \
    "str r2, [r0]\n" \
    "str r3, [r0, #8]\n" \
    "str r12, [r0, #20]\n" \
    "ldr r3, [r0, #32]\n" \
    "cmp r2, r3\n"

/* All channels of columns of two pixels. r0 plan. Then r4 to r11 the sums, each channel's of two pixels, r0 and lr a pair of
 * weights of two channels, r3 and r12 a pair of each pixel, r1 columns, r2 weights. On the stack the first 28 bytes of the
 * plan, with the end of the block's weights for their bytes, and the plan. */
KWS_NN_ASSEMBLY static void outputs_of_tiles(KWS_NN_UNUSED wide_plan *plan)
{
    __asm__("push {r0, r4-r11, lr}\n"
            "sub sp, sp, #28\n"
            "ldr r2, [r0, #24]\n"
            "adr.w r3, 3f\n"
            "add r2, r2, r3\n"
            "orr r2, r2, #1\n"
            "str r2, [r0, #24]\n"
            "1: ldm r0, {r2-r8}\n"
            "add r3, r3, r2\n"
            "stm sp, {r2-r8}\n"
            "ldr r1, [r0, #28]\n"
            "2: ldr r2, [sp]\n"
            "ldm r2!, {r4, r6, r8, r10}\n"
            FIRST_PAIR
            "ldr r0, [sp, #24]\n"
            "bx r0\n"
            ".balign 4\n"
            "3:\n"
            ".rept " KWS_NN_TEXT(UNROLLED_PAIRS) "\n" ONE_PAIR ".endr\n"
            "ldr r3, [sp, #4]\n"
            "cmp r2, r3\n"
            "bne 3b\n"
            "ldr r0, [sp, #20]\n"
            TILE_OUTPUTS
            "ldrd r2, r3, [sp, #8]\n"
            "ldr r0, [sp, #16]\n"
            "str r8, [r2]\n"
            "str r9, [r2, r3]\n"
            "add r2, r2, r3, lsl #1\n"
            "str r2, [sp, #8]\n"
            "cmp r1, r0\n"
            "bne 2b\n"
            "ldr r0, [sp, #28]\n"
            NEXT_BLOCK
            "bne 1b\n"
            "add sp, sp, #32\n"
            "pop {r4-r11, pc}\n");
}

#define FOUR_CHANNELS(pair) \
    "ldm r2!, {r8-r11}\n" \
    "smlad r4, r8, " pair ", r4\n" \
    "smlad r5, r9, " pair ", r5\n" \
    "smlad r6, r10, " pair ", r6\n" \
    "smlad r7, r11, " pair ", r7\n"
#define TWO_PAIRS "ldrd r3, r12, [r1], #8\n" FOUR_CHANNELS("r3") FOUR_CHANNELS("r12")

/* All channels of one pixel. r0 plan. Then r4 to r7 the sums, r8 to r11 a pair of weights of each channel, r3 and r12 pairs of
 * the pixel, r1 its column, r2 weights, lr their end. Two pairs, or four in one round, entered in its middle where half
 * their number is odd. */
KWS_NN_ASSEMBLY static void outputs_of_pixel(KWS_NN_UNUSED wide_plan *plan)
{
    __asm__("push {r4-r11, lr}\n"
            "1: ldrd r2, r3, [r0]\n"
            "add lr, r2, r3\n"
            "ldr r1, [r0, #28]\n"
            "ldm r2!, {r4-r7}\n"
            "tst r3, #32\n"
            "bne 3f\n"
            "2:\n" TWO_PAIRS
            "3:\n" TWO_PAIRS
            "cmp r2, lr\n"
            "bne 2b\n"
            "ldr r1, [r0, #20]\n"
            PIXEL_OUTPUTS
            "ldr r3, [r0, #8]\n"
            "str r4, [r3]\n"
            NEXT_BLOCK
            "bne 1b\n"
            "pop {r4-r11, pc}\n");
}
/* clang-format on */
#else
/* Two int16 of a word, by two int16; modulo 2^32, as the instruction. */
static inline uint32_t product_of(int32_t weights, const int16_t *values)
{
    const int32_t low = (int16_t)(uint16_t)((uint32_t)weights & 0xffffu);
    return (uint32_t)(low * values[0]) + (uint32_t)((weights >> 16) * values[1]);
}

/* One block of channels of one or of two pixels side by side. */
static inline void outputs_of_block(const wide_plan *plan, const int16_t *column, int32_t pixels, int8_t *output)
{
    const int32_t *weights = plan->weights;
    const int32_t *const end = weights + plan->block_bytes / 4;
    uint32_t sums[PIXELS][CHANNELS];
    for (int32_t i = 0; i < CHANNELS; i++, weights++) {
        sums[0][i] = sums[1][i] = (uint32_t)*weights;
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
            output[pixel * plan->stride + i] = output_of(plan->scaling + SCALING_WORDS * i, (int32_t)sums[pixel][i]);
        }
    }
}

static inline void outputs_of_all(wide_plan *plan, int32_t pixels)
{
    const int32_t column = (plan->block_bytes / 4 - CHANNELS) / CHANNELS * 2 * pixels;
    for (; plan->weights < plan->weights_end; plan->weights += plan->block_bytes / 4) {
        int8_t *output = plan->output;
        for (const int16_t *at = plan->columns; at < plan->columns_end; at += column) {
            outputs_of_block(plan, at, pixels, output);
            output += pixels * plan->stride;
        }
        plan->output += CHANNELS;
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
    kws_nn_pair *to = (kws_nn_pair *)columns;
    const int32_t constant = kws_nn_column_constant(zero_point);
    for (const int8_t *const end = first + count; first < end; first += 4, second += 4, to += 4) {
        const int32_t a = kws_nn_load_four(first), b = kws_nn_load_four(second);
        to[0] = kws_nn_column_even(constant, a);
        to[1] = kws_nn_column_even(constant, b);
        to[2] = kws_nn_column_odd(constant, a);
        to[3] = kws_nn_column_odd(constant, b);
    }
#else
    for (const int8_t *const end = first + count; first < end; first += 4, second += 4, columns += 8) {
        for (int32_t i = 0; i < 2; i++) {
            columns[4 * i] = kws_nn_column_value(first[i], zero_point);
            columns[4 * i + 1] = kws_nn_column_value(first[i + 2], zero_point);
            columns[4 * i + 2] = kws_nn_column_value(second[i], zero_point);
            columns[4 * i + 3] = kws_nn_column_value(second[i + 2], zero_point);
        }
    }
#endif
}

/* Two pixels' columns side by side, or one pixel's, where `is_single`. */
static inline void put_columns(const kws_nn_conv_2d_wide_params *params, const int8_t *input, kws_nn_position at,
                               int is_single, int16_t *columns)
{
    const kws_nn_columns_of of = {&params->input, &params->window, params->input_zero_point};
    const kws_nn_position next = kws_nn_next_position(&params->output, at);
    const uint32_t pixels = is_single ? 1 : PIXELS;
    if (are_runs(params)) {
        const int8_t *const first = run_of(params, input, at);
        const int8_t *const second = is_single ? NULL : run_of(params, input, next);
        if (first != NULL && second != NULL) {
            put_two_runs(first, second, params->window_values, params->input_zero_point, columns);
            return;
        }
        if (first != NULL && is_single) {
            kws_nn_put_run(columns, 1, 0, first, params->window_values, params->input_zero_point);
            return;
        }
    }
    for (uint32_t i = 0; i < pixels; i++) {
        kws_nn_put_window(&of, input, i == 0 ? at : next, pixels, columns + 2 * i);
    }
}

/* All channels of `count` pixels in columns. */
static inline void outputs_of_pixels(const kws_nn_conv_2d_wide_params *params, const int16_t *columns, int32_t count,
                                     int8_t *output)
{
    const int32_t size = params->window_values, channels = params->output.channels;
    const int32_t paired = count / PIXELS * PIXELS;
    const int32_t rounds_pairs = size / 2 - 1, rest = rounds_pairs % UNROLLED_PAIRS;
    wide_plan plan;
    plan.block_bytes = 4 * CHANNELS + 2 * CHANNELS * size;
    plan.weights_end = params->weights + channels / CHANNELS * (plan.block_bytes / 4);
    plan.stride = channels;
    plan.scaling_bytes = params->scaling_bytes;
    plan.entry = rest == 0 ? 0 : PAIR_BYTES * (UNROLLED_PAIRS - rest);
    if (paired > 0) {
        plan.weights = params->weights;
        plan.scaling = params->scaling;
        plan.output = output;
        plan.columns = columns;
        plan.columns_end = columns + paired * size;
        outputs_of_tiles(&plan);
    }
    if (paired < count) {
        plan.weights = params->weights;
        plan.scaling = params->scaling;
        plan.output = output + paired * channels;
        plan.columns = columns + paired * size;
        plan.columns_end = plan.columns + size;
        outputs_of_pixel(&plan);
    }
}

/* Whether windows are the image's pixels one after the other. */
static int are_pixels(const kws_nn_conv_2d_wide_params *params)
{
    const kws_nn_window *window = &params->window;
    return window->height == 1 && window->width == 1 && window->stride_y == 1 && window->stride_x == 1 &&
           params->input.channels == params->window_values;
}

/* Columns of `count` pixels that lie one behind the other. */
static inline void put_pixels(const kws_nn_conv_2d_wide_params *params, const int8_t *input, int32_t count,
                              int16_t *columns)
{
    const int32_t size = params->window_values, zero_point = params->input_zero_point;
    for (; count >= PIXELS; count -= PIXELS, input += PIXELS * size, columns += PIXELS * size) {
        put_two_runs(input, input + size, size, zero_point, columns);
    }
    if (count > 0) {
        kws_nn_put_run(columns, 1, 0, input, size, zero_point);
    }
}

/* The kernel: input and output as of its own function. */
static inline void outputs_of_images(const kws_nn_conv_2d_wide_params *params, const int8_t *input, int8_t *output,
                                     int16_t *columns)
{
    const kws_nn_shape *shape = &params->output;
    const int pixels_in_row = are_pixels(params);
    kws_nn_position at = {.batch = 0, .y = 0, .x = 0};
    for (int32_t left = shape->batches * shape->height * shape->width; left > 0;) {
        const int32_t count = left < params->pixels_at_once ? left : params->pixels_at_once;
        if (pixels_in_row) {
            put_pixels(params, input, count, columns);
            input += count * params->window_values;
        }
        for (int32_t i = pixels_in_row ? count : 0; i < count; i += PIXELS) {
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
