/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a microphone driver's values into samples: scaled to 16 bits, without offset, once the microphone has settled.
 *
 *     kws_conditioner conditioner = {.slot_bits = 32, .shift = 14, .settle_samples = 8000};
 *     count = kws_conditioner_take_slots(&conditioner, slots, count, samples);     // in the interrupt or the task
 *
 * Microphones, above all PDM ones, add a constant offset to the sound. It reduces the range and differs from what the
 * model was trained on. A first-order low-pass filter tracks the offset, which is subtracted: a high-pass filter with its
 * corner at rate / (2 pi 1024), 2.5 Hz at 16 kHz, far below the front-end's lowest band. The offset is removed before the
 * sound is limited to 16 bits, so that amplification (a small shift) does not make it clip.
 */
#ifndef KWS_CONDITIONER_H
#define KWS_CONDITIONER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Set the first three, zero the rest. */
typedef struct {
    uint8_t slot_bits; /* of what the driver delivers, 16 to 32; the sign is the uppermost */
    int8_t shift;      /* bits a value is shifted right to become a sample, below 0: left; slot_bits - 21 or more */
    uint32_t settle_samples; /* still to be discarded */
    int32_t offset;          /* 1024 times the constant part, after the shift */
    uint32_t clipped;        /* samples since it settled that were too loud: for the microphone, or for 16 bits */
    bool has_offset;         /* false before the first sample, from which the offset starts */
} kws_conditioner;

/* Turns `count` values into as many samples. Returns how many to use: `count`, or 0 while the microphone settles. */
size_t kws_conditioner_take_slots(kws_conditioner *conditioner, const int32_t *slots, size_t count, int16_t *samples);

/* The same for drivers whose slots have 16 bits; `slots` and `samples` may be the same. */
size_t kws_conditioner_take_samples(kws_conditioner *conditioner, const int16_t *slots, size_t count, int16_t *samples);

/* Samples since start that were too loud; safe to call outside the interrupt. */
uint32_t kws_conditioner_clipped(const kws_conditioner *conditioner);

/* The offset that is subtracted now, in units of a sample; safe to call outside the interrupt. */
int32_t kws_conditioner_offset(const kws_conditioner *conditioner);

#ifdef __cplusplus
}
#endif
#endif
