/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the user's functions (on_word.h), and knows how long one of them has been running. */
#ifndef KWS_USER_H
#define KWS_USER_H

#include <stdint.h>

#include "kws_detector.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For the main loop. */
void kws_user_on_start(void);
void kws_user_on_detection(const kws_detection *detection);
void kws_user_on_levels(uint32_t time_ms, const uint8_t *levels); /* [KWS_N_LABELS] */
void kws_user_on_sound_lost(uint32_t blocks);

/* For a watchdog: call it once a second, from an interrupt or from a task that the main loop cannot stop. Reports a function
 * of the user's that has not returned for KWS_WATCHDOG_SECONDS, and again after as many more. The main loop is in that
 * function then, and so in no other line of the protocol. */
void kws_user_watch(void);

#ifdef __cplusplus
}
#endif
#endif
