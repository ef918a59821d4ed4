#include "kws_nn_scaling.h"

/* Pixels at once. What their windows see stands in `columns` as int16 less the zero point: values k, k + 2 of four make
 * a pair, as instructions take bytes 0 and 2, 1 and 3 of a word of weights; the eight pixels' pairs stand side by side.
 * So weights are loaded once for eight pixels, and a channel's scaling too. */
#define PIXELS 8

typedef struct {
    int32_t batch, y, x;
} position;

static void put_value(int16_t *column, int32_t k, int32_t value)
{
    column[((k / 4 * 2 + k % 2) * PIXELS) * 2 + k / 2 % 2] = (int16_t)value;
}

/* `count` values of one pixel of the image, or zeros where it is outside (`from` NULL); they become values k and on. */
static void put_run(int16_t *column, int32_t k, const int8_t *from, int32_t count, int32_t zero_point)
{
    int32_t i = 0;
#ifdef KWS_NN_DSP
    const int32_t minus_zero_point = kws_nn_twice(-zero_point);
    if (from != NULL && k % 4 == 0) {
        kws_nn_pair *pairs = (kws_nn_pair *)column + k / 2 * PIXELS;
        for (; i + 4 <= count; i += 4, pairs += 2 * PIXELS) {
            const int32_t four = kws_nn_load_four(from + i);
            pairs[0] = kws_nn_add_even_bytes(minus_zero_point, four);
            pairs[PIXELS] = kws_nn_add_odd_bytes(minus_zero_point, four);
        }
    }
#endif
    for (; i < count; i++) {
        put_value(column, k + i, from == NULL ? 0 : from[i] - zero_point);
    }
}

/* All that one pixel's window sees. */
static void put_window(const kws_nn_conv_2d_params *params, const int8_t *input, position at, int16_t *column)
{
    const kws_nn_window *window = &params->window;
    const int32_t depth = params->input.channels;
    int32_t k = 0;
    for (int32_t row = 0; row < window->height; row++) {
        const int32_t y = at.y * window->stride_y - window->pad_top + row * window->dilation_y;
        for (int32_t i = 0; i < window->width; i++, k += depth) {
            const int32_t x = at.x * window->stride_x - window->pad_left + i * window->dilation_x;
            const int outside = kws_nn_is_outside(y, params->input.height) || kws_nn_is_outside(x, params->input.width);
            const int32_t pixel = (at.batch * params->input.height + y) * params->input.width + x;
            put_run(column, k, outside ? NULL : input + pixel * depth, depth, params->input_zero_point);
        }
    }
}

static position next_position(const kws_nn_shape *output, position at)
{
    at.x++;
    if (at.x == output->width) {
        at.x = 0;
        at.y++;
    }
    if (at.y == output->height) {
        at.y = 0;
        at.batch++;
    }
    return at;
}

/* What one channel's outputs are made with. */
typedef struct {
    kws_nn_scaling scaling;
    const int8_t *end; /* of its weights */
    int32_t stride;    /* from one pixel's output to the next */
} channel_plan;

#ifdef KWS_NN_DSP
#define TWO_PIXELS(first, second) \
    "ldrd r12, lr, [r1], #8\n" \
    "smlad " first ", r2, r12, " first "\n" \
    "smlad " second ", r2, lr, " second "\n"
#define EIGHT_PIXELS TWO_PIXELS("r4", "r5") TWO_PIXELS("r6", "r7") TWO_PIXELS("r8", "r9") TWO_PIXELS("r10", "r11")
#define FOUR_VALUES \
    "ldr r3, [r0], #4\n" \
    "sxtb16 r2, r3\n" EIGHT_PIXELS \
    "sxtb16 r2, r3, ror #8\n" EIGHT_PIXELS
#define ONE_OUTPUT(sum) \
    KWS_NN_SCALE(sum, "r2", "r3", "r12", "lr") \
    "strb " sum ", [r0]\n" \
    "add r0, r0, r1\n"

/* One channel of eight pixels. r0 weights, r1 columns, r2 plan, r3 bias, on the stack output. Then r4 to r11 the sums,
 * r2 a pair of weights, r12 and lr pairs of two pixels. Two rounds of four values in one, entered in its middle where
 * the number of rounds is odd. */
KWS_NN_ASSEMBLY static void outputs_of_channel(KWS_NN_UNUSED const int8_t *weights, KWS_NN_UNUSED const int16_t *columns,
                                               KWS_NN_UNUSED const channel_plan *plan, KWS_NN_UNUSED int32_t bias,
                                               KWS_NN_UNUSED int8_t *output)
{
    __asm__("push {r2, r4-r11, lr}\n"
            "mov r4, r3\n mov r5, r3\n mov r6, r3\n mov r7, r3\n"
            "mov r8, r3\n mov r9, r3\n mov r10, r3\n mov r11, r3\n"
            "ldr r12, [r2, #12]\n"
            "push {r12}\n"
            "sub r12, r12, r0\n"
            "tst r12, #4\n"
            "bne 2f\n"
            "1:\n" FOUR_VALUES
            "2:\n" FOUR_VALUES
            "ldr r12, [sp]\n"
            "cmp r0, r12\n"
            "bne 1b\n"
            "pop {r12}\n"
            "pop {lr}\n"
            "ldm lr, {r2, r3, r12}\n"
            "ldr r1, [lr, #16]\n"
            "ldr r0, [sp, #36]\n" /* above r4-r11 and lr */
            ONE_OUTPUT("r4") ONE_OUTPUT("r5") ONE_OUTPUT("r6") ONE_OUTPUT("r7")
            ONE_OUTPUT("r8") ONE_OUTPUT("r9") ONE_OUTPUT("r10") ONE_OUTPUT("r11")
            "pop {r4-r11, pc}\n");
}
#else
static void outputs_of_channel(const int8_t *weights, const int16_t *columns, const channel_plan *plan, int32_t bias,
                               int8_t *output)
{
    int32_t sums[PIXELS];
    for (int32_t i = 0; i < PIXELS; i++) {
        sums[i] = bias;
    }
    for (; weights < plan->end; weights += 4, columns += 4 * PIXELS) {
        for (int32_t i = 0; i < PIXELS; i++) {
            sums[i] += weights[0] * columns[2 * i] + weights[2] * columns[2 * i + 1] +
                       weights[1] * columns[2 * (PIXELS + i)] + weights[3] * columns[2 * (PIXELS + i) + 1];
        }
    }
    for (int32_t i = 0; i < PIXELS; i++) {
        output[i * plan->stride] = kws_nn_scale(&plan->scaling, sums[i]);
    }
}
#endif

/* All channels of eight pixels. */
static void outputs_of_pixels(const kws_nn_conv_2d_params *params, const int16_t *columns, int32_t size, int8_t *output)
{
    const int8_t *weights = params->weights;
    channel_plan plan;
    plan.stride = params->output.channels;
    for (int32_t channel = 0; channel < plan.stride; channel++, weights += size) {
        plan.scaling = kws_nn_scaling_of(&params->requantize, channel);
        plan.end = weights + size;
        outputs_of_channel(weights, columns, &plan, params->bias[channel], output + channel);
    }
    kws_nn_activate(&params->requantize, output, PIXELS * plan.stride);
}

/* The last pixels, fewer than eight: eight outputs aside, and of them those that there are. */
static void outputs_of_last_pixels(const kws_nn_conv_2d_params *params, const int16_t *columns, int32_t size,
                                   int32_t count, int8_t *aside, int8_t *output)
{
    outputs_of_pixels(params, columns, size, aside);
    for (int32_t i = 0; i < count * params->output.channels; i++) {
        output[i] = aside[i];
    }
}

void kws_nn_conv_2d_eight(const kws_nn_conv_2d_params *params, const int8_t *input, int8_t *output, void *scratch)
{
    const kws_nn_shape *shape = &params->output;
    const int32_t pixels = shape->batches * shape->height * shape->width;
    const int32_t size = (params->window.height * params->window.width * params->input.channels + 3) / 4 * 4;
    int16_t *columns = (int16_t *)scratch;
    position at = {0, 0, 0};
    for (int32_t left = pixels; left > 0; left -= PIXELS, output += PIXELS * shape->channels) {
        const int32_t count = left < PIXELS ? left : PIXELS;
        for (int32_t i = 0; i < count; i++) {
            put_window(params, input, at, columns + 2 * i);
            at = next_position(shape, at);
        }
        if (count == PIXELS) {
            outputs_of_pixels(params, columns, size, output);
        } else {
            outputs_of_last_pixels(params, columns, size, count, (int8_t *)(columns + size * PIXELS), output);
        }
    }
}
