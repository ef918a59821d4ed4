/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_packed_columns.h"
#include "kws_nn_packed_pixels.h"

void kws_nn_conv_2d_packed(const kws_nn_conv_2d_packed_params *params, const int8_t *input, int8_t *output,
                           void *scratch)
{
    const kws_nn_shape *shape = &params->output;
    int32_t *const columns = (int32_t *)scratch;
    kws_nn_position at = {.batch = 0, .y = 0, .x = 0};
    for (int32_t left = shape->batches * shape->height * shape->width; left > 0;) {
        const int32_t count = left < params->pixels_at_once ? left : params->pixels_at_once;
        for (int32_t i = 0; i < count; i++) {
            int32_t *const column = columns + i / PIXELS * PIXELS * params->words + i % PIXELS;
            kws_nn_pack_window(params, input, at, column, PIXELS);
            at = kws_nn_next_position(shape, at);
        }
        outputs_of_pixels(params, columns, count, output);
        output += count * shape->channels;
        left -= count;
    }
}
