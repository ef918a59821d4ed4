/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_packed_columns.h"
#include "kws_nn_packed_pixels.h"

/* As kws_nn_conv_2d_packed.c, for windows that lie so many whole words apart and overlap: each input row is packed once, into
 * a line with its padding, and columns are copied from there. */

/* Packed input rows, the top one first. */
typedef struct {
    int32_t *begin;
    int32_t top;  /* which input row is the first; negative: lines above the image are not looked at */
    int32_t next; /* the first input row that is not there yet */
} lines;

static void put_row(const kws_nn_conv_2d_packed_strip_params *params, const int8_t *image, lines *rows)
{
    const int32_t size = params->input.width * params->input.channels;
    const int32_t left = params->window.pad_left * params->input.channels;
    const int8_t *const row = image + rows->next * size;
    int32_t *to = rows->begin + (rows->next - rows->top) * params->pitch;
    int32_t *const end = to + params->pitch;
    const int32_t before = (left + 1) / 2 * 2; /* values up to the first word that has no padding */
    const int32_t first = before - left;
    const int32_t room = 2 * params->pitch - before, inside = size - first;
    to = kws_nn_pack_beyond(row, size, -left, before, params->input_zero_point, to, 1);
    to = kws_nn_pack(row + first, (inside < room ? inside : room) / 2 * 2, to, 1);
    kws_nn_pack_beyond(row, size, first + (inside < room ? inside : room) / 2 * 2, (int32_t)(2 * (end - to)),
                       params->input_zero_point, to, 1);
    rows->next++;
}

/* Makes `top` the first line: what is still needed moves up. */
static void move_up(const kws_nn_conv_2d_packed_strip_params *params, lines *rows, int32_t top)
{
    const int32_t *from = rows->begin + (top - rows->top) * params->pitch;
    int32_t *to = rows->begin;
    for (int32_t left = (rows->next - top) * params->pitch; from > to && left > 0; left--) {
        *to++ = *from++;
    }
    rows->top = top;
    rows->next = rows->next > top ? rows->next : top;
}

/* Four words that move together. */
typedef struct {
    int32_t words[PIXELS];
} four;

/* Columns of four pixels side by side; `line` has what the first one's window sees of the first row. */
static void put_columns(const kws_nn_conv_2d_packed_strip_params *params, const lines *rows, int32_t at, four *to)
{
    const int32_t row_words = params->words / params->window.height, step = params->pixel_words;
    const int32_t outside = kws_nn_packed(params->input_zero_point, params->input_zero_point);
    const int32_t *line = rows->begin + at * step;
    for (int32_t y = rows->top; y < rows->top + params->window.height; y++, line += params->pitch) {
        if (kws_nn_is_outside(y, params->input.height)) {
            for (int32_t i = 0; i < row_words; i++, to++) {
                to->words[0] = to->words[1] = to->words[2] = to->words[3] = outside;
            }
        } else if (step == 1) {
            for (const int32_t *from = line, *const end = line + row_words; from < end; from++, to++) {
                *to = *(const four *)from;
            }
        } else {
            for (const int32_t *from = line, *const end = line + row_words; from < end; from++, to++) {
                to->words[0] = from[0];
                to->words[1] = from[step];
                to->words[2] = from[2 * step];
                to->words[3] = from[3 * step];
            }
        }
    }
}

static void outputs_of_row(const kws_nn_conv_2d_packed_strip_params *params, const lines *rows, int32_t *columns,
                           int8_t *output)
{
    const int32_t width = params->output.width, channels = params->output.channels;
    for (int32_t begin = 0; begin < width; begin += params->pixels_at_once) {
        const int32_t left = width - begin;
        const int32_t count = left < params->pixels_at_once ? left : params->pixels_at_once;
        for (int32_t i = 0; i < count; i += PIXELS) {
            put_columns(params, rows, begin + i, (four *)(columns + i * params->words));
        }
        outputs_of_pixels(params, columns, count, output + begin * channels);
    }
}

static void outputs_of_image(const kws_nn_conv_2d_packed_strip_params *params, const int8_t *image, int32_t *memory,
                             int8_t *output)
{
    const int32_t height = params->window.height;
    int32_t *const columns = memory + height * params->pitch;
    lines rows = {.begin = memory, .top = -params->window.pad_top, .next = 0};
    for (int32_t y = 0; y < params->output.height; y++) {
        move_up(params, &rows, y * params->window.stride_y - params->window.pad_top);
        while (rows.next < rows.top + height && rows.next < params->input.height) {
            put_row(params, image, &rows);
        }
        outputs_of_row(params, &rows, columns, output);
        output += params->output.width * params->output.channels;
    }
}

void kws_nn_conv_2d_packed_strip(const kws_nn_conv_2d_packed_strip_params *params, const int8_t *input, int8_t *output,
                                 void *scratch)
{
    const int32_t image_bytes = params->input.height * params->input.width * params->input.channels;
    const int32_t output_bytes = params->output.height * params->output.width * params->output.channels;
    for (int32_t batch = 0; batch < params->output.batches; batch++) {
        outputs_of_image(params, input + batch * image_bytes, (int32_t *)scratch, output + batch * output_bytes);
    }
}
