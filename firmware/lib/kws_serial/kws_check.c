/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_check.h"

#include <stdint.h>

#include "kws_crc32.h"

/* Returns the value of a lower-case hex digit; 16 for anything else. */
static uint32_t digit_value(char character)
{
    if (character >= '0' && character <= '9') {
        return (uint32_t)(character - '0');
    }
    return character >= 'a' && character <= 'f' ? (uint32_t)(character - 'a') + 10 : 16;
}

kws_check kws_check_take(char *line, size_t *length)
{
    uint32_t crc = 0;
    if (*length < KWS_CHECK_CHARACTERS) {
        return KWS_CHECK_NONE;
    }
    char *check = line + *length - KWS_CHECK_CHARACTERS;
    if (check[0] != ' ' || check[1] != '*') {
        return KWS_CHECK_NONE;
    }
    for (const char *next = check + 2; next < check + KWS_CHECK_CHARACTERS; ++next) {
        const uint32_t digit = digit_value(*next);
        if (digit > 15) {
            return KWS_CHECK_NONE;
        }
        crc = crc << 4 | digit;
    }
    *length -= KWS_CHECK_CHARACTERS;
    *check = '\0';
    return kws_crc32(0, line, *length) == crc ? KWS_CHECK_GOOD : KWS_CHECK_BAD;
}
