/* SPDX-License-Identifier: Apache-2.0 */
/* The other way round: the microphone's sound to the host, as it comes, while the model rests.
 *
 * No recording is ever held whole. What the serial line is too slow for waits in the microphone's ring, whose size stands in
 * the board's row; where that overflows too, the loss is counted and told at the end.
 */
#ifndef KWS_RECORD_H
#define KWS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Begins a recording of so many samples; what waits in the microphone's ring is its beginning. `checked`: its lines have
 * checks, as the host's had that asked for it. */
void kws_record_begin(uint32_t samples, bool checked);

/* Sends what the microphone has, one line of it at most; after the last one reports the end. Returns whether there was any. */
bool kws_record_serve(void);

/* Gives the recording up, if there is one. */
void kws_record_drop(void);

bool kws_record_is_running(void);

/* Whether there is one whose lines have checks. */
bool kws_record_is_checked(void);

#ifdef __cplusplus
}
#endif
#endif
