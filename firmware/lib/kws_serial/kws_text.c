/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_text.h"

static void flush(kws_text *text)
{
    text->sink(text->buffer, text->count);
    text->count = 0;
}

static void put_character(kws_text *text, char character)
{
    if (text->count == KWS_TEXT_BUFFER_BYTES) {
        flush(text);
    }
    text->buffer[text->count++] = (uint8_t)character;
}

void kws_text_put(kws_text *text, const char *string)
{
    while (*string != '\0') {
        put_character(text, *string++);
    }
}

void kws_text_put_unsigned(kws_text *text, uint32_t number)
{
    char digits[11]; /* 4294967295 and its end */
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    kws_text_put(text, first);
}

void kws_text_put_signed(kws_text *text, int32_t number)
{
    if (number < 0) {
        put_character(text, '-');
        kws_text_put_unsigned(text, 0u - (uint32_t)number);
    } else {
        kws_text_put_unsigned(text, (uint32_t)number);
    }
}

void kws_text_put_hex_byte(kws_text *text, uint8_t byte)
{
    const char *digits = "0123456789abcdef";
    put_character(text, digits[byte >> 4]);
    put_character(text, digits[byte & 15]);
}

void kws_text_put_hex(kws_text *text, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        kws_text_put_hex_byte(text, (uint8_t)(number >> shift));
    }
}

void kws_text_end_line(kws_text *text)
{
    put_character(text, '\n');
    flush(text);
}
