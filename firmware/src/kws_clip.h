/* SPDX-License-Identifier: Apache-2.0 */
/* A clip that a host sends over the serial line: base64 lines in, samples into the pipeline as they come.
 *
 * No clip is ever held whole, so a small board can take clips of any length. There is one clip at a time, in one of two forms: the
 * old one, of test_over_serial, or with checks, where each line of audio has its offset, and results are kept until
 * the host has confirmed them, so that whatever is damaged on the way can be sent again (docs/reference/serial_protocol.md).
 */
#ifndef KWS_CLIP_H
#define KWS_CLIP_H

#include <stdbool.h>
#include <stddef.h>

#include "kws_detector.h"
#include "kws_protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Resets the pipeline and waits for the audio announced. */
void kws_clip_begin(const kws_clip_request *request, bool checked);

/* Old form: takes one line of audio, which is overwritten. Reports its acknowledgement, and after the last one the results. */
void kws_clip_take_line(char *line, size_t length);

/* With checks: takes one line, whose check was correct and is removed; it is overwritten. Reports as above; results wait for room. */
void kws_clip_take_checked_line(char *line, size_t length);

/* With checks: a line was damaged or too long. Asks the host to !SYNC, once. */
void kws_clip_refuse_line(void);

/* With checks: reports what has arrived, repeats the results that the host lacks, then continues with what had no room. */
void kws_clip_sync(const kws_sync_request *request);

/* Abandons the clip, if there is one. */
void kws_clip_drop(void);

/* Whether audio is still to come. */
bool kws_clip_is_receiving(void);

/* Whether there is a clip with checks, its last results maybe given already. */
bool kws_clip_is_checked(void);

/* Reports a frame of features, if the clip's host wants them. */
void kws_clip_on_frame(uint32_t time_ms, const int8_t *frame);

/* Reports what was heard; at once, except in the old form of !DATA, whose hosts look for it after !OK only. */
void kws_clip_on_detection(const kws_detection *detection);

#ifdef __cplusplus
}
#endif
#endif
