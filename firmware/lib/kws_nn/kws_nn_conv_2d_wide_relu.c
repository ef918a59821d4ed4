/* SPDX-License-Identifier: Apache-2.0 */
#define SCALE KWS_NN_SCALE_NOT_BELOW_ZERO
#include "kws_nn_conv_2d_wide.h"

void kws_nn_conv_2d_wide_relu(const kws_nn_conv_2d_wide_params *params, const int8_t *input, int8_t *output,
                              void *scratch)
{
    outputs_of_images(params, input, output, (int16_t *)scratch);
}
