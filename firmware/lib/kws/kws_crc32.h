/* CRC-32 as zlib, PNG and Ethernet compute it (polynomial 0xEDB88320, reflected). */
#ifndef KWS_CRC32_H
#define KWS_CRC32_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the CRC-32 of all bytes so far: of none it is 0, then pass the result of the last call as `crc`. */
uint32_t kws_crc32(uint32_t crc, const void *bytes, size_t count);

#ifdef __cplusplus
}
#endif
#endif
