/* SPDX-License-Identifier: Apache-2.0 */
/* Text out, piece by piece, without printf: pieces collect in a small buffer that goes to a sink when it is full and at
 * each line's end. So lines may be of any length.
 */
#ifndef KWS_TEXT_H
#define KWS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_TEXT_BUFFER_BYTES 128

typedef void (*kws_text_sink)(const uint8_t *bytes, size_t count);

/* Set `sink`, zero the rest. */
typedef struct {
    kws_text_sink sink;
    size_t count;
    uint8_t buffer[KWS_TEXT_BUFFER_BYTES];
} kws_text;

void kws_text_put(kws_text *text, const char *string);
void kws_text_put_unsigned(kws_text *text, uint32_t number);
void kws_text_put_signed(kws_text *text, int32_t number);

/* Two lower-case hex digits. */
void kws_text_put_hex_byte(kws_text *text, uint8_t byte);

/* Eight lower-case hex digits. */
void kws_text_put_hex(kws_text *text, uint32_t number);

/* Ends the line with LF and hands it to the sink. */
void kws_text_end_line(kws_text *text);

#ifdef __cplusplus
}
#endif
#endif
