/* SPDX-License-Identifier: Apache-2.0 */
/* What the board does with what it hears: functions of your own, in src/on_word.cpp (on_word.c without Arduino).
 *
 * tinykws writes that file once and never changes it again. The main loop calls these functions, one at a time, and hears
 * nothing while one of them runs: the microphone's ring buffer holds KWS_MICROPHONE_RING_SAMPLES samples (8192 are half a
 * second), and what it has no room for is counted (overruns= in kws status, kws error overrun) and told to on_sound_lost().
 * What takes longer belongs into a task of its own, or is spread over calls of on_every_inference(). Where the board has a
 * watchdog (KWS_HAS_WATCHDOG), a function that has not returned for 8 s is reported: kws error on_word ….
 *
 * Each may be left out. A file in C++ must include this header, or its functions have other names for the linker.
 *
 * `tinykws verify` plays words to the board, and these functions are called for them as well; see kws_app_is_testing().
 */
#ifndef ON_WORD_H
#define ON_WORD_H

#include <stdint.h>

#include "kws_app.h"
#include "kws_port.h"
#include "kws_settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Once, at start, before any sound is heard: to set up pins and libraries. */
void on_start(void);

/* A word was detected. `word`: its label, one of kws_labels ("hey robot" is hey_robot); it stays valid. `score`: 0 to 255,
 * above the word's threshold. `time_ms`: sound heard since the board began to listen; from 0 again after !RESET, and at
 * the beginning of each clip that a host sends. */
void on_word(const char *word, uint8_t score, uint32_t time_ms);

/* An inference has run: ten a second, if inference_stride_ms is 100. `scores`: [KWS_N_LABELS], in the order of kws_labels,
 * 0 to 255: what the detector compares with its thresholds; valid during the call. It comes after on_word() of the same
 * time. */
void on_every_inference(const uint8_t *scores, uint32_t time_ms);

/* Sound was lost because the main loop had no time for it: `blocks` since the last call, of 8 to 20 ms each. Not called
 * while a host sends the sound. */
void on_sound_lost(uint32_t blocks);

#ifdef __cplusplus
}
#endif
#endif
