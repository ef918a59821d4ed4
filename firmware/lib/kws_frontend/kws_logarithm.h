/* SPDX-License-Identifier: Apache-2.0 */
/* Last step of the front-end: the logarithm. */
#ifndef KWS_LOGARITHM_H
#define KWS_LOGARITHM_H

#include "kws_frontend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes ln(signal << input_shift) << scale_shift, rounded, to features [n_mels]; 0 where the signal is 0 or 1. */
void kws_logarithm_apply(const kws_logarithm_config *config, size_t n_mels, const uint32_t *signal, uint16_t *features);

#ifdef __cplusplus
}
#endif
#endif
