/* SPDX-License-Identifier: Apache-2.0 */
/* First step of the front-end: the analysis window. */
#ifndef KWS_ANALYSIS_WINDOW_H
#define KWS_ANALYSIS_WINDOW_H

#include "kws_frontend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Multiplies samples [window_samples] by the analysis window and writes them to spectrum [fft.size / 2] in the order that
 * kws_fft_real() takes, followed by zeros. Returns by how many bits, 0 to 15, they can be shifted up until the largest
 * fills 15 bits. -32768 counts as nothing, as in the reference, where its 16-bit negative is itself. */
int kws_analysis_window_apply(const kws_frontend_config *config, const int16_t *samples, kws_complex *spectrum);

#ifdef __cplusplus
}
#endif
#endif
