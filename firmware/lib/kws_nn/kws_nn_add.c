#include "kws_nn_math.h"

/* Bits that both inputs are shifted left before they are brought to one scale. */
#define LEFT_SHIFT 20

static int32_t to_common_scale(const kws_nn_addend *addend, int8_t value)
{
    const int32_t shifted = kws_nn_shift_left(value - addend->zero_point, LEFT_SHIFT);
    return kws_nn_multiply(shifted, addend->multiplier, addend->shift);
}

/* One run along the output's last dimension; returns where the next one starts. */
static int8_t *add_row(const kws_nn_add_params *params, const int8_t *first, const int8_t *second, int8_t *output)
{
    for (int32_t i = 0; i < params->size[3]; i++) {
        const int32_t a = to_common_scale(&params->first, first[i * params->first.stride[3]]);
        const int32_t b = to_common_scale(&params->second, second[i * params->second.stride[3]]);
        *output++ = kws_nn_output(&params->requantize, 0, a + b);
    }
    return output;
}

void kws_nn_add(const kws_nn_add_params *params, const int8_t *first, const int8_t *second, int8_t *output)
{
    const int32_t *a = params->first.stride;
    const int32_t *b = params->second.stride;
    for (int32_t i = 0; i < params->size[0]; i++) {
        for (int32_t j = 0; j < params->size[1]; j++) {
            for (int32_t k = 0; k < params->size[2]; k++) {
                output = add_row(params, first + i * a[0] + j * a[1] + k * a[2],
                                 second + i * b[0] + j * b[1] + k * b[2], output);
            }
        }
    }
}
