/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_line.h"

static kws_line_state end_of(kws_line *line)
{
    if (line->length == 0) {
        return KWS_LINE_UNFINISHED;
    }
    line->complete = 1;
    if (line->length > KWS_LINE_CHARACTERS) {
        return KWS_LINE_TOO_LONG;
    }
    line->text[line->length] = '\0';
    return KWS_LINE_READY;
}

kws_line_state kws_line_put(kws_line *line, uint8_t byte)
{
    if (line->complete) {
        line->complete = 0;
        line->length = 0;
    }
    if (byte == '\n' || byte == '\r') {
        return end_of(line);
    }
    if (line->length < KWS_LINE_CHARACTERS) {
        line->text[line->length] = byte >= ' ' && byte <= '~' ? (char)byte : '?';
    }
    if (line->length <= KWS_LINE_CHARACTERS) {
        ++line->length;
    }
    return KWS_LINE_UNFINISHED;
}
