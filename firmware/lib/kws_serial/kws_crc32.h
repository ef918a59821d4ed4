/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 as zlib, PNG and Ethernet use it (polynomial 0xEDB88320, reflected).
 *
 * Start with 0 and hand the result on: kws_crc32(kws_crc32(0, a, n), b, m) is that of a followed by b.
 */
#ifndef KWS_CRC32_H
#define KWS_CRC32_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the CRC-32 of what `crc` stood for, followed by `count` bytes. */
uint32_t kws_crc32(uint32_t crc, const void *bytes, size_t count);

#ifdef __cplusplus
}
#endif
#endif
