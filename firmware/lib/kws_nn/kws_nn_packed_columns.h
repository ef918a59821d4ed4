/* SPDX-License-Identifier: Apache-2.0 */
/* What the windows of a convolution see, copied to columns of packed words (kws_nn_packed.h): two neighbouring values of a
 * row a word. Values beyond the image are the zero point, which tinykws has put into the biases.
 */
#ifndef KWS_NN_PACKED_COLUMNS_H
#define KWS_NN_PACKED_COLUMNS_H

#include "kws_nn_columns.h"
#include "kws_nn_packed.h"

/* `count` values of a row of the image from index `first` on; `row` NULL: the row lies outside. Words lie `step` apart. */
static inline int32_t *kws_nn_pack_beyond(const int8_t *row, int32_t size, int32_t first, int32_t count,
                                          int32_t zero_point, int32_t *to, int32_t step)
{
    for (int32_t end = first + count; first < end; first += 2, to += step) {
        const int32_t is_odd = first + 1 == end;
        const int32_t a = row == NULL || kws_nn_is_outside(first, size) ? zero_point : row[first];
        const int32_t b = is_odd || row == NULL || kws_nn_is_outside(first + 1, size) ? zero_point : row[first + 1];
        *to = kws_nn_packed(a, b);
    }
    return to;
}

/* The same for values that all lie inside. */
static inline int32_t *kws_nn_pack(const int8_t *from, int32_t count, int32_t *to, int32_t step)
{
    for (const int8_t *const end = from + count / 2 * 2; from < end; from += 2, to += step) {
        *to = kws_nn_packed(from[0], from[1]);
    }
    if (count % 2 != 0) {
        *to = kws_nn_packed(from[0], 0);
        to += step;
    }
    return to;
}

/* All that one pixel's window sees, row by row. */
static inline void kws_nn_pack_window(const kws_nn_conv_2d_packed_params *params, const int8_t *input,
                                      kws_nn_position at, int32_t *to, int32_t step)
{
    const kws_nn_shape *image = &params->input;
    const kws_nn_window *window = &params->window;
    const int32_t count = window->width * image->channels, size = image->width * image->channels;
    const int32_t first = (at.x * window->stride_x - window->pad_left) * image->channels;
    const int32_t top = at.y * window->stride_y - window->pad_top;
    const int is_inside = first >= 0 && first + count <= size;
    for (int32_t i = 0, y = top; i < window->height; i++, y += window->dilation_y) {
        const int8_t *row = input + (at.batch * image->height + y) * size;
        if (kws_nn_is_outside(y, image->height)) {
            row = NULL;
        } else if (is_inside) {
            to = kws_nn_pack(row + first, count, to, step);
            continue;
        }
        to = kws_nn_pack_beyond(row, size, first, count, params->input_zero_point, to, step);
    }
}

#endif
