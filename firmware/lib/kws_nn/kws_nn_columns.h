/* SPDX-License-Identifier: Apache-2.0 */
/* What the windows of a convolution see, copied to columns as int16 minus the zero point: [pairs][pixels] pairs, where values
 * k, k + 2 of four make a pair, and k + 1, k + 3, as instructions take bytes out of a word of int8. With
 * KWS_NN_COLUMNS_TIMES_256 they are 256 times the values, the zero point in them.
 */
#ifndef KWS_NN_COLUMNS_H
#define KWS_NN_COLUMNS_H

#include "kws_nn_dsp.h"

typedef struct {
    const kws_nn_shape *input;
    const kws_nn_window *window;
    int32_t zero_point;
} kws_nn_columns_of;

#ifdef KWS_NN_COLUMNS_TIMES_256
static inline int16_t kws_nn_column_value(int32_t value, int32_t zero_point)
{
    (void)zero_point;
    return (int16_t)(256 * value);
}

/* What stands for a value outside of the image. */
static inline int16_t kws_nn_column_padding(int32_t zero_point)
{
    return (int16_t)(256 * zero_point);
}
#else
static inline int16_t kws_nn_column_value(int32_t value, int32_t zero_point)
{
    return (int16_t)(value - zero_point);
}

static inline int16_t kws_nn_column_padding(int32_t zero_point)
{
    (void)zero_point;
    return 0;
}
#endif

#ifdef KWS_NN_DSP
#ifdef KWS_NN_COLUMNS_TIMES_256
/* What the following two need besides a word. */
static inline int32_t kws_nn_column_constant(int32_t zero_point)
{
    (void)zero_point;
    return (int32_t)0xff00ff00u;
}

/* Values of bytes 0 and 2 of a word, and of bytes 1 and 3. */
static inline int32_t kws_nn_column_even(int32_t constant, int32_t word)
{
    return (int32_t)((uint32_t)word << 8) & constant;
}

static inline int32_t kws_nn_column_odd(int32_t constant, int32_t word)
{
    return word & constant;
}
#else
static inline int32_t kws_nn_column_constant(int32_t zero_point)
{
    return kws_nn_twice(-zero_point);
}

static inline int32_t kws_nn_column_even(int32_t constant, int32_t word)
{
    return kws_nn_add_even_bytes(constant, word);
}

static inline int32_t kws_nn_column_odd(int32_t constant, int32_t word)
{
    return kws_nn_add_odd_bytes(constant, word);
}
#endif
#endif

typedef struct {
    int32_t batch, y, x;
} kws_nn_position;

/* The offset of value k of a window from the beginning of its column, for so many pixels side by side. */
static inline uint32_t kws_nn_place_of(uint32_t k, uint32_t pixels)
{
    return k / 4 * 4 * pixels + k % 2 * 2 * pixels + k / 2 % 2;
}

/* `count` values of the image, or of its padding (`from` NULL), become values k and on of a window; returns the value behind. */
static inline uint32_t kws_nn_put_run(int16_t *column, uint32_t pixels, uint32_t k, const int8_t *from, int32_t count,
                                      int32_t zero_point)
{
    int32_t i = 0;
#ifdef KWS_NN_DSP
    const int32_t constant = kws_nn_column_constant(zero_point);
    if (from != NULL && k % 4 == 0) {
        kws_nn_pair *pairs = (kws_nn_pair *)column + k / 2 * pixels;
        for (; i + 4 <= count; i += 4, k += 4, pairs += 2 * pixels) {
            const int32_t four = kws_nn_load_four(from + i);
            pairs[0] = kws_nn_column_even(constant, four);
            pairs[pixels] = kws_nn_column_odd(constant, four);
        }
    }
#endif
    for (; i < count; i++, k++) {
        column[kws_nn_place_of(k, pixels)] =
            from == NULL ? kws_nn_column_padding(zero_point) : kws_nn_column_value(from[i], zero_point);
    }
    return k;
}

/* All that one pixel's window sees, row by row: what is left of the image, in it, right of it. */
static inline void kws_nn_put_window(const kws_nn_columns_of *of, const int8_t *input, kws_nn_position at,
                                     uint32_t pixels, int16_t *column)
{
    const kws_nn_window *window = of->window;
    const kws_nn_shape *image = of->input;
    const int32_t depth = image->channels;
    const int32_t left = at.x * window->stride_x - window->pad_left;
    const int32_t begin = left < 0 ? -left : 0;
    const int32_t room = image->width - left;
    const int32_t end = room < window->width ? room : window->width;
    uint32_t k = 0;
    for (int32_t row = 0; row < window->height; row++) {
        const int32_t y = at.y * window->stride_y - window->pad_top + row * window->dilation_y;
        if (kws_nn_is_outside(y, image->height)) {
            k = kws_nn_put_run(column, pixels, k, NULL, window->width * depth, of->zero_point);
            continue;
        }
        const int32_t pixel = (at.batch * image->height + y) * image->width + left + begin;
        if (begin > 0) {
            k = kws_nn_put_run(column, pixels, k, NULL, begin * depth, of->zero_point);
        }
        k = kws_nn_put_run(column, pixels, k, input + pixel * depth, (end - begin) * depth, of->zero_point);
        if (end < window->width) {
            k = kws_nn_put_run(column, pixels, k, NULL, (window->width - end) * depth, of->zero_point);
        }
    }
}

static inline kws_nn_position kws_nn_next_position(const kws_nn_shape *output, kws_nn_position at)
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

#endif
