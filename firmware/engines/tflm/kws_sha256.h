/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) of bytes that are in memory, as hex digits: what tells which model is linked. */
#ifndef KWS_SHA256_H
#define KWS_SHA256_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_SHA256_HEX_DIGITS 64

/* Writes 64 lower-case hex digits and the text's end. */
void kws_sha256_hex(const uint8_t *bytes, size_t count, char hex[KWS_SHA256_HEX_DIGITS + 1]);

#ifdef __cplusplus
}
#endif
#endif
