/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4): the encoding of audio in the serial protocol. */
#ifndef KWS_BASE64_H
#define KWS_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Decodes `count` characters into `bytes`, which needs count / 4 * 3 bytes and may be the text's own memory.
 *
 * Returns true and sets `*decoded` to the number of bytes. Returns false if the text is not base64: `count` is not a
 * multiple of 4, a character is outside the alphabet, or padding is not at the end. `bytes` may then be partly overwritten.
 */
bool kws_base64_decode(const char *text, size_t count, uint8_t *bytes, size_t *decoded);

#define KWS_BASE64_CHARACTERS(count) (((count) + 2) / 3 * 4)

/* Encodes `count` bytes into `text` [KWS_BASE64_CHARACTERS(count) + 1], a C string, with padding. */
void kws_base64_encode(const uint8_t *bytes, size_t count, char *text);

#ifdef __cplusplus
}
#endif
#endif
