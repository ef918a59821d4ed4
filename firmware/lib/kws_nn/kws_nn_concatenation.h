/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernels of CONCATENATION have in common; they differ in the number of inputs. */
#ifndef KWS_NN_CONCATENATION_H
#define KWS_NN_CONCATENATION_H

#include "kws_nn.h"

static inline void kws_nn_concatenate(const kws_nn_concatenation_params *params, const int8_t *const *inputs,
                                      int32_t n_inputs, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        for (int32_t n = 0; n < n_inputs; n++) {
            const int8_t *from = inputs[n] + row * params->run[n];
            for (int32_t i = 0; i < params->run[n]; i++) {
                *output++ = from[i];
            }
        }
    }
}

#endif
