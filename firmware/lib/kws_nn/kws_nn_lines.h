/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels of four channels, spread into one line for each channel as int16 less the zero point. */
#ifndef KWS_NN_LINES_H
#define KWS_NN_LINES_H

#include "kws_nn_dsp.h"

#define KWS_NN_LINES 4

#ifdef KWS_NN_DSP
/* Four values of a word each: the values of one channel become neighbours. */
static inline void kws_nn_put_two(const int32_t *even, const int32_t *odd, int32_t length, int16_t *to)
{
    *(kws_nn_pair *)to = kws_nn_first_of(even[0], even[1]);
    *(kws_nn_pair *)(to + length) = kws_nn_first_of(odd[0], odd[1]);
    *(kws_nn_pair *)(to + 2 * length) = kws_nn_second_of(even[0], even[1]);
    *(kws_nn_pair *)(to + 3 * length) = kws_nn_second_of(odd[0], odd[1]);
}

static inline void kws_nn_put_one(int32_t even, int32_t odd, int32_t length, int16_t *to)
{
    to[0] = (int16_t)even;
    to[length] = (int16_t)odd;
    to[2 * length] = (int16_t)(even >> 16);
    to[3 * length] = (int16_t)(odd >> 16);
}

/* `count` pixels of four channels into their lines, which are `length` apart. */
static void kws_nn_fill_lines(const int8_t *from, int32_t step, int32_t count, int32_t zero_point, int32_t length,
                              int16_t *to)
{
    const int32_t minus_zero_point = kws_nn_twice(-zero_point);
    int32_t even[2], odd[2];
    if ((uintptr_t)to % 4 != 0 && count > 0) {
        const int32_t four = kws_nn_load_four(from);
        kws_nn_put_one(kws_nn_add_even_bytes(minus_zero_point, four), kws_nn_add_odd_bytes(minus_zero_point, four),
                       length, to);
        from += step;
        to++;
        count--;
    }
    for (int16_t *const end = to + count / 2 * 2; to < end; from += 2 * step, to += 2) {
        const int32_t first = kws_nn_load_four(from), second = kws_nn_load_four(from + step);
        even[0] = kws_nn_add_even_bytes(minus_zero_point, first);
        odd[0] = kws_nn_add_odd_bytes(minus_zero_point, first);
        even[1] = kws_nn_add_even_bytes(minus_zero_point, second);
        odd[1] = kws_nn_add_odd_bytes(minus_zero_point, second);
        kws_nn_put_two(even, odd, length, to);
    }
    if ((count & 1) != 0) {
        const int32_t four = kws_nn_load_four(from);
        kws_nn_put_one(kws_nn_add_even_bytes(minus_zero_point, four), kws_nn_add_odd_bytes(minus_zero_point, four),
                       length, to);
    }
}
#else
static void kws_nn_fill_lines(const int8_t *from, int32_t step, int32_t count, int32_t zero_point, int32_t length,
                              int16_t *to)
{
    for (; count > 0; count--, from += step, to++) {
        for (int32_t i = 0; i < KWS_NN_LINES; i++) {
            to[i * length] = (int16_t)(from[i] - zero_point);
        }
    }
}
#endif

#endif
