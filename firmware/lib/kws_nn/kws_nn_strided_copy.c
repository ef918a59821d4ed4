/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_math.h"

void kws_nn_strided_copy(const kws_nn_strided_copy_params *params, const int8_t *input, int8_t *output)
{
    const int32_t *step = params->step;
    for (int32_t i = 0; i < params->size[0]; i++) {
        for (int32_t j = 0; j < params->size[1]; j++) {
            for (int32_t k = 0; k < params->size[2]; k++) {
                const int8_t *from = input + (params->first + i * step[0] + j * step[1] + k * step[2]);
                for (int32_t l = 0; l < params->size[3]; l++) {
                    *output++ = from[l * step[3]];
                }
            }
        }
    }
}
