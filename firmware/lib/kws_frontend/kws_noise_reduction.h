/* SPDX-License-Identifier: Apache-2.0 */
/* Fourth step of the front-end: subtraction of each channel's slowly changing part. */
#ifndef KWS_NOISE_REDUCTION_H
#define KWS_NOISE_REDUCTION_H

#include "kws_frontend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Moves the estimate noise [n_mels] towards signal [n_mels] and subtracts it from the signal, of which at least
 * min_signal_remaining stays. */
void kws_noise_reduction_apply(const kws_noise_config *config, size_t n_mels, uint32_t *noise, uint32_t *signal);

#ifdef __cplusplus
}
#endif
#endif
