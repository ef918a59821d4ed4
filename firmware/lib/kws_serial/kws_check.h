/* SPDX-License-Identifier: Apache-2.0 */
/* The check at a line's end: " *" and the CRC-32 of everything before it, in eight lower-case hex digits.
 *
 *     !SYNC 7 3 *c4a0f6e1
 *
 * If a host sends a line with a check, the device's answers have one too.
 */
#ifndef KWS_CHECK_H
#define KWS_CHECK_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Characters of a check. */
#define KWS_CHECK_CHARACTERS 10

typedef enum {
    KWS_CHECK_NONE, /* the line ends in nothing that looks like a check */
    KWS_CHECK_GOOD,
    KWS_CHECK_BAD,
} kws_check;

/* Looks at the end of a line of `length` characters. A check, good or bad, is cut off: `length` and the string's end move. */
kws_check kws_check_take(char *line, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
