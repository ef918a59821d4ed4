/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* Bits that both inputs are shifted left before they are brought to one scale. */
#define LEFT_SHIFT 20

static int32_t scaled(const kws_nn_addend *addend, int8_t value)
{
    return kws_nn_multiply((value - addend->zero_point) * (1 << LEFT_SHIFT), addend->multiplier, addend->shift);
}

/* One run along the output's last dimension; returns where the next one starts. */
static int8_t *sub_row(const kws_nn_sub_params *params, const int8_t *first, const int8_t *second, int8_t *output)
{
    for (int32_t left = params->size[3]; left > 0; left--) {
        const int32_t difference = scaled(&params->first, *first) - scaled(&params->second, *second);
        *output++ = kws_nn_output(&params->requantize, 0, difference);
        first += params->first.stride[3];
        second += params->second.stride[3];
    }
    return output;
}

void kws_nn_sub(const kws_nn_sub_params *params, const int8_t *first, const int8_t *second, int8_t *output)
{
    const int32_t *a = params->first.stride;
    const int32_t *b = params->second.stride;
    for (int32_t i = 0; i < params->size[0]; i++) {
        for (int32_t j = 0; j < params->size[1]; j++) {
            for (int32_t k = 0; k < params->size[2]; k++) {
                output = sub_row(params, first + i * a[0] + j * a[1] + k * a[2],
                                 second + i * b[0] + j * b[1] + k * b[2], output);
            }
        }
    }
}
