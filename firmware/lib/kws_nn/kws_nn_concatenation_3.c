/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_concatenation.h"

void kws_nn_concatenation_3(const kws_nn_concatenation_params *params, const int8_t *first, const int8_t *second,
                            const int8_t *third, int8_t *output)
{
    const int8_t *const inputs[] = {first, second, third};
    kws_nn_concatenate(params, inputs, 3, output);
}
