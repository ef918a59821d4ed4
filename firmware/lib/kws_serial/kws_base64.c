/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_base64.h"

#define BAD_CHARACTER 0xffffffffu

static uint32_t value_of(char character)
{
    if (character >= 'A' && character <= 'Z') {
        return (uint32_t)(character - 'A');
    }
    if (character >= 'a' && character <= 'z') {
        return (uint32_t)(character - 'a') + 26;
    }
    if (character >= '0' && character <= '9') {
        return (uint32_t)(character - '0') + 52;
    }
    if (character == '+') {
        return 62;
    }
    return character == '/' ? 63 : BAD_CHARACTER;
}

/* Returns how many '=' end the text: 0, 1 or 2. Any further one is refused as a character. */
static size_t padding_of(const char *text, size_t count)
{
    if (count < 4 || text[count - 1] != '=') {
        return 0;
    }
    return text[count - 2] == '=' ? 2 : 1;
}

bool kws_base64_decode(const char *text, size_t count, uint8_t *bytes, size_t *decoded)
{
    const size_t characters = count - padding_of(text, count);
    uint32_t bits = 0;
    size_t written = 0;
    if (count % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < characters; ++i) {
        const uint32_t value = value_of(text[i]);
        if (value == BAD_CHARACTER) {
            return false;
        }
        bits = bits << 6 | value;
        if (i % 4 != 0) { /* each character but the first of four completes a byte */
            bytes[written++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        }
    }
    *decoded = written;
    return true;
}

void kws_base64_encode(const uint8_t *bytes, size_t count, char *text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        const size_t left = count - i;
        const uint32_t second = left > 1 ? bytes[i + 1] : 0;
        const uint32_t third = left > 2 ? bytes[i + 2] : 0;
        const uint32_t bits = (uint32_t)bytes[i] << 16 | second << 8 | third;
        *text++ = alphabet[bits >> 18];
        *text++ = alphabet[bits >> 12 & 63];
        *text++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *text++ = left > 2 ? alphabet[bits & 63] : '=';
    }
    *text = '\0';
}
