/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of TensorFlow Lite Micro: collected into lines of our protocol, and searched for the cause of a failed start. */
#ifndef KWS_TFLM_MESSAGES_H
#define KWS_TFLM_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Long enough for every message of TFLM; longer ones are truncated. */
#define KWS_TFLM_MESSAGE_CHARACTERS 160

/* Forgets earlier messages. From now on lines are reported to the host as they end if `tell`, otherwise only kept. */
void kws_tflm_messages_begin(bool tell);

/* Takes a piece of text, with line ends in any place. */
void kws_tflm_messages_put(const char *text);

/* The first line since the beginning: TFLM prints the cause first, then its consequences. Empty if there was no message. */
const char *kws_tflm_messages_cause(void);

/* How many bytes the first line says that memory was short of; 0 if it is about something else. */
uint32_t kws_tflm_messages_missing_bytes(void);

#ifdef __cplusplus
}
#endif
#endif
