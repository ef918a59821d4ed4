/* SPDX-License-Identifier: Apache-2.0 */
/* Whether it is quiet: the loudness of each frame against the room's noise floor, which it follows.
 *
 * A frame is loud if its loudness exceeds the floor by a ratio. The floor falls towards a quieter frame within a sixth of a
 * second (at 20 ms a frame) and rises slowly, doubling in two seconds: the gaps of speech keep it down, and a fan that is
 * switched on is taken for the room's noise after some seconds. Quiet is a room in which no frame of the model input was loud: then
 * the model need not run, because there is nothing in its input that it could hear.
 */
#ifndef KWS_GATE_H
#define KWS_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ratios are in 256ths: 256 is equal to the floor. */
#define KWS_MAX_GATE_RATIO 8192

typedef struct {
    uint32_t floor; /* in 16ths of the loudness of a frame */
    uint16_t quiet; /* frames since the last loud one; stops at UINT16_MAX */
    bool knows_floor;
} kws_gate;

/* The loudness of a frame: the sum of its channels' amplitudes [n_mels]. A constant offset of the samples, and what is below
 * the lowest channel, do not count. */
uint32_t kws_loudness(const uint32_t *signal, size_t n_mels);

/* Takes the loudness of the next frame. The first one after all of the gate was 0 is the first floor, and counts as loud. */
void kws_gate_step(kws_gate *gate, uint16_t ratio, uint32_t loudness);

#ifdef __cplusplus
}
#endif
#endif
