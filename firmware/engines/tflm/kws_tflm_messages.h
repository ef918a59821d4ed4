/* SPDX-License-Identifier: Apache-2.0 */
/* What TensorFlow Lite Micro says, made into lines of ours, and what of it explains a failed start. */
#ifndef KWS_TFLM_MESSAGES_H
#define KWS_TFLM_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Long enough for every message of TFLM's; what is longer is cut. */
#define KWS_TFLM_MESSAGE_CHARACTERS 160

/* Forgets what was said. From here on lines are told to the host as they end, or only kept. */
void kws_tflm_messages_begin(bool tell);

/* Takes a piece of text, with line ends in any place. */
void kws_tflm_messages_put(const char *text);

/* The first line since the beginning: TFLM names the cause first, then what became of it. Empty: nothing was said. */
const char *kws_tflm_messages_cause(void);

/* How many bytes the first line says that memory was short of; 0 where it is about something else. */
uint32_t kws_tflm_messages_missing_bytes(void);

#ifdef __cplusplus
}
#endif
#endif
