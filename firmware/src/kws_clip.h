/* A clip that a host sends over the serial line: base64 lines in, samples into the pipeline as they come.
 *
 * No clip is ever held whole, so a small board takes one of any length; whether it came over unharmed is known at its
 * end only, and a clip whose CRC is wrong is reported as failed after its results. There is one clip at a time.
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
void kws_clip_begin(const kws_clip_request *request);

/* Takes one line of audio, which is overwritten. Reports its acknowledgement, and after the last one the results. */
void kws_clip_take_line(char *line, size_t length);

/* Gives the clip up, if there is one. */
void kws_clip_drop(void);

/* Whether audio is still to come. */
bool kws_clip_is_receiving(void);

/* Reports a frame of features, if the clip's host wants them. */
void kws_clip_on_frame(uint32_t time_ms, const int8_t *frame);

/* Reports what was heard; at once, except in the old form of !DATA, whose hosts look for it after !OK only. */
void kws_clip_on_detection(const kws_detection *detection);

#ifdef __cplusplus
}
#endif
#endif
