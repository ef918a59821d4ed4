/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that were sent and may have to be sent again: kept, as they went out, until the host says that it has them.
 *
 * Lines are counted from 1. What is held is one piece of text, so that sending it again is one write.
 */
#ifndef KWS_OUTBOX_H
#define KWS_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Set `bytes` and `capacity`, zero the rest. */
typedef struct {
    uint8_t *bytes;
    size_t capacity;
    size_t used;
    uint32_t confirmed; /* lines that the host has */
    uint32_t lines;     /* lines put since the last clear */
} kws_outbox;

/* Forgets all; the next line is the first. */
void kws_outbox_clear(kws_outbox *outbox);

/* Adds a piece of a line, or of several, each ended by LF. What does not fit is lost: see kws_outbox_room(). */
void kws_outbox_put(kws_outbox *outbox, const uint8_t *bytes, size_t count);

/* Lets go of the lines up to and with this number. Call it between lines. */
void kws_outbox_confirm(kws_outbox *outbox, uint32_t number);

/* Bytes that still fit. */
size_t kws_outbox_room(const kws_outbox *outbox);

#ifdef __cplusplus
}
#endif
#endif
