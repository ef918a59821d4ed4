/* SPDX-License-Identifier: Apache-2.0 */
/* Fifth step of the front-end: per-channel amplitude normalisation (PCAN), an automatic gain. */
#ifndef KWS_PCAN_H
#define KWS_PCAN_H

#include "kws_frontend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Multiplies signal [n_mels] by the gain that belongs to the estimate noise [n_mels], and compresses the result. */
void kws_pcan_apply(const kws_pcan_config *config, size_t n_mels, const uint32_t *noise, uint32_t *signal);

/* The gain at x: interpolated between the table's octaves. `table` is [KWS_GAIN_TABLE_SIZE]: the gains at 0 and 1, then
 * for each bit length n of x from 2 to 32, at 4 n - 6: the gain at 2^(n-1), the linear and the quadratic coefficient
 * within that octave, and a hole. */
uint32_t kws_pcan_gain(const int16_t *table, uint32_t x);

#ifdef __cplusplus
}
#endif
#endif
