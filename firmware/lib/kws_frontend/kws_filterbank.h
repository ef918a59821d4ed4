/* SPDX-License-Identifier: Apache-2.0 */
/* Third step of the front-end, after the FFT: the mel filter bank. */
#ifndef KWS_FILTERBANK_H
#define KWS_FILTERBANK_H

#include "kws_frontend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sums the spectrum's energies into triangles and writes their square roots, shifted down by `shift` (which undoes the
 * window's), into signal [n_mels]. */
void kws_filterbank_apply(const kws_filterbank_config *config, size_t n_mels, const kws_complex *spectrum, int shift,
                          uint32_t *signal);

#ifdef __cplusplus
}
#endif
#endif
