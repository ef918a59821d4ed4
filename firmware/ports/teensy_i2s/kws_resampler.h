/* SPDX-License-Identifier: Apache-2.0 */
/* Resamples sound from 44.1 kHz, the rate of Teensy's Audio library, to 16 kHz.
 *
 *     static kws_resampler resampler;                                        // zeroed
 *     count = kws_resample(&resampler, in, n, out);                          // out: [KWS_RESAMPLED_MOST(n)]
 *
 * 16000 / 44100 is 160 / 441, so a new sample lies at one of 160 places between two old ones. A polyphase filter for each
 * would be a table of 160 x 128 coefficients; this one has 32 phases, of which the two nearest are weighted by fifths (160 /
 * 32 = 5), and keeps half of the symmetric filter: 4 kB. Weighting adds images 75 dB down; the filter passes 7.3 kHz and
 * less, and keeps what is above 8.7 kHz 60 dB down, so that nothing folds back into the front-end's bands (up to 7.5 kHz) but
 * what lies between 8.5 and 8.7 kHz, and that faintly. 4 million multiplications a second.
 */
#ifndef KWS_RESAMPLER_H
#define KWS_RESAMPLER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_RESAMPLER_HALF 64 /* samples on either side of a new sample that the filter spans */
#define KWS_RESAMPLER_PHASES 32
#define KWS_RESAMPLER_FILTER_POINTS (KWS_RESAMPLER_HALF * KWS_RESAMPLER_PHASES + 1)
#define KWS_RESAMPLER_HISTORY 256 /* a power of two, above 2 * KWS_RESAMPLER_HALF */

/* The most samples that `count` samples become. */
#define KWS_RESAMPLED_MOST(count) ((count) * 160 / 441 + 1)

extern const int16_t kws_resampler_filter[KWS_RESAMPLER_FILTER_POINTS];

/* Zero it to start. */
typedef struct {
    int16_t history[KWS_RESAMPLER_HISTORY]; /* a ring */
    uint32_t written;                       /* samples ever taken, wrapping */
    uint32_t next;                          /* where the next new sample lies: after this old one, */
    uint32_t fraction;                      /* and so many 160ths of a sample more */
} kws_resampler;

/* Takes `count` samples; returns how many new ones it wrote. A new one lags KWS_RESAMPLER_HALF old ones, 1.5 ms. */
size_t kws_resample(kws_resampler *resampler, const int16_t *samples, size_t count, int16_t *resampled);

#ifdef __cplusplus
}
#endif
#endif
