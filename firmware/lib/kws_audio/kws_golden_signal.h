/* SPDX-License-Identifier: Apache-2.0 */
/* A test signal computed from a seed, identical on every machine: a chip tests itself with it, without a recording.
 *
 *     kws_golden_signal signal;
 *     kws_golden_signal_begin(&signal, seed);
 *     kws_golden_signal_next(&signal, samples, count);      // repeat as needed
 *
 * Every 64 ms it becomes another mixture of noise and a gliding tone, each at a level of its own from -6 to -48 dB of full
 * scale: every channel of the front-end is driven, and its noise estimate and gain have steps up and down to follow.
 */
#ifndef KWS_GOLDEN_SIGNAL_H
#define KWS_GOLDEN_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t random; /* state of a linear congruential generator */
    uint32_t phase;  /* of the tone; 2^32 is a turn */
    uint32_t step;   /* of the phase, a sample */
    uint32_t glide;  /* of the step, a sample */
    uint16_t left;   /* samples of this mixture still to come */
    uint8_t noise_shift;
    uint8_t tone_shift;
} kws_golden_signal;

void kws_golden_signal_begin(kws_golden_signal *signal, uint32_t seed);

/* Makes the next `count` samples. */
void kws_golden_signal_next(kws_golden_signal *signal, int16_t *samples, size_t count);

#ifdef __cplusplus
}
#endif
#endif
