/* SPDX-License-Identifier: Apache-2.0 */
/* Serial bytes in, lines out.
 *
 * A line ends with LF, CR or both; empty lines are passed over. Whatever is not printable ASCII becomes '?', so a line is
 * always a C string that can be sent back. A line that is too long is dropped up to its end: the next one is whole again.
 */
#ifndef KWS_LINE_H
#define KWS_LINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Characters of the longest line, its end not counted. A multiple of 4, for base64. */
#define KWS_LINE_CHARACTERS 1024

/* Samples that the longest line of base64 holds. */
#define KWS_MAX_LINE_SAMPLES (KWS_LINE_CHARACTERS / 4 * 3 / 2)

typedef enum {
    KWS_LINE_UNFINISHED,
    KWS_LINE_READY,    /* text holds a line of `length` characters, until the next byte is put */
    KWS_LINE_TOO_LONG, /* a line was dropped */
} kws_line_state;

/* Zeroed memory is an empty line. */
typedef struct {
    char text[KWS_LINE_CHARACTERS + 1];
    size_t length; /* may be KWS_LINE_CHARACTERS + 1: too long */
    int complete;
} kws_line;

/* Takes one byte from the serial line and tells whether a line has ended with it. */
kws_line_state kws_line_put(kws_line *line, uint8_t byte);

#ifdef __cplusplus
}
#endif
#endif
