/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

/* One run along the output's last dimension; returns where the next one starts. */
static int8_t *mul_row(const kws_nn_mul_params *params, const int8_t *first, const int8_t *second, int8_t *output)
{
    for (int32_t left = params->size[3]; left > 0; left--) {
        const int32_t product = (*first - params->first.zero_point) * (*second - params->second.zero_point);
        *output++ = kws_nn_output(&params->requantize, 0, product);
        first += params->first.stride[3];
        second += params->second.stride[3];
    }
    return output;
}

void kws_nn_mul(const kws_nn_mul_params *params, const int8_t *first, const int8_t *second, int8_t *output)
{
    const int32_t *a = params->first.stride;
    const int32_t *b = params->second.stride;
    for (int32_t i = 0; i < params->size[0]; i++) {
        for (int32_t j = 0; j < params->size[1]; j++) {
            for (int32_t k = 0; k < params->size[2]; k++) {
                output = mul_row(params, first + i * a[0] + j * a[1] + k * a[2],
                                 second + i * b[0] + j * b[1] + k * b[2], output);
            }
        }
    }
}
