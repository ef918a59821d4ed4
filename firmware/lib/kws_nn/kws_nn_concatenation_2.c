/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_concatenation.h"

void kws_nn_concatenation_2(const kws_nn_concatenation_params *params, const int8_t *first, const int8_t *second,
                            int8_t *output)
{
    const int8_t *const inputs[] = {first, second};
    kws_nn_concatenate(params, inputs, 2, output);
}
