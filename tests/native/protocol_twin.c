/* Runs the serial protocol's C on inputs from a test: one a line, as a word that names the function and hex bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_base64.h"
#include "kws_crc32.h"
#include "kws_line.h"
#include "kws_protocol.h"
#include "kws_text.h"

/* Exactly as long as the input, on the heap, so that the address sanitizer sees a read beyond it. */
static uint8_t *bytes_of(const char *hex, size_t *count)
{
    *count = strlen(hex) / 2;
    uint8_t *bytes = malloc(*count ? *count : 1);
    for (size_t i = 0; i < *count; ++i) {
        unsigned byte;
        sscanf(hex + 2 * i, "%2x", &byte);
        bytes[i] = (uint8_t)byte;
    }
    return bytes;
}

static void print_hex(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        printf("%02x", bytes[i]);
    }
}

static void base64(const uint8_t *bytes, size_t count)
{
    uint8_t *decoded = malloc(count / 4 * 3 + 1);
    const int32_t length = kws_base64_decode((const char *)bytes, count, decoded);
    if (length < 0) {
        printf("bad");
    } else {
        print_hex(decoded, (size_t)length);
    }
    free(decoded);
}

static void crc32(const uint8_t *bytes, size_t count)
{
    const size_t half = count / 2;
    printf("%08x", (unsigned)kws_crc32(kws_crc32(0, bytes, half), bytes + half, count - half));
}

static void lines(const uint8_t *bytes, size_t count)
{
    static kws_line line;
    memset(&line, 0, sizeof line);
    for (size_t i = 0; i < count; ++i) {
        const kws_line_state state = kws_line_put(&line, bytes[i]);
        if (state == KWS_LINE_READY) {
            print_hex((const uint8_t *)line.text, strlen(line.text));
            printf("%s", strlen(line.text) == line.length ? "," : "LENGTH,");
        } else if (state == KWS_LINE_TOO_LONG) {
            printf("long,");
        }
    }
}

static void command(const uint8_t *bytes, size_t count)
{
    char *text = malloc(count + 1);
    memcpy(text, bytes, count);
    text[count] = '\0';
    const kws_command read = kws_parse_command(text);
    printf("%d %u %u %u %d %d %s", read.kind, (unsigned)read.clip.bytes, (unsigned)read.clip.tail_samples,
           (unsigned)read.clip.crc, read.clip.has_crc, read.clip.wants_features, read.error == NULL ? "" : read.error);
    free(text);
}

static void sink(const uint8_t *bytes, size_t count)
{
    fwrite(bytes, 1, count, stdout);
}

/* Text, then 4 bytes as a number in each form. */
static void text(const uint8_t *bytes, size_t count)
{
    kws_text out = {sink, 0, {0}};
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    for (size_t i = sizeof number; i < count; ++i) {
        const char character[2] = {(char)bytes[i], '\0'};
        kws_text_put(&out, character);
    }
    kws_text_put(&out, " ");
    kws_text_put_unsigned(&out, number);
    kws_text_put(&out, " ");
    kws_text_put_signed(&out, (int32_t)number);
    kws_text_put(&out, " ");
    kws_text_put_hex(&out, number);
    kws_text_end_line(&out);
}

int main(void)
{
    static char line[1 << 20];
    char name[16];
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t count;
        int at = 0;
        line[strcspn(line, "\n")] = '\0';
        sscanf(line, "%15s %n", name, &at);
        uint8_t *bytes = bytes_of(line + at, &count);
        if (strcmp(name, "base64") == 0) {
            base64(bytes, count);
        } else if (strcmp(name, "crc32") == 0) {
            crc32(bytes, count);
        } else if (strcmp(name, "lines") == 0) {
            lines(bytes, count);
        } else if (strcmp(name, "command") == 0) {
            command(bytes, count);
        } else if (strcmp(name, "text") == 0) {
            text(bytes, count);
        } else {
            return 1;
        }
        if (strcmp(name, "text") != 0) {
            printf("\n");
        }
        free(bytes);
    }
    return 0;
}
