/* SPDX-License-Identifier: Apache-2.0 */
/* Recording: sends the microphone's sound to the host as it comes, while the model does not run.
 *
 * No recording is ever held whole. If the serial port is too slow, sound waits in the microphone's ring, whose size is in
 * the board's row of boards.yaml; if that overflows too, the loss is counted and reported at the end.
 */
#ifndef KWS_RECORD_H
#define KWS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Begins a recording of `samples` samples, starting with those that wait in the microphone's ring. `checked`: its lines have
 * checks, as the host's had that asked for it. */
void kws_record_begin(uint32_t samples, bool checked);

/* Sends what the microphone has, one line of it at most; after the last one reports the end. Returns whether there was any. */
bool kws_record_serve(void);

/* Abandons the recording, if there is one. */
void kws_record_drop(void);

bool kws_record_is_running(void);

/* Whether there is one whose lines have checks. */
bool kws_record_is_checked(void);

#ifdef __cplusplus
}
#endif
#endif
