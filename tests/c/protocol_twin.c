/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the serial protocol's C on inputs from a test: one a line, as a word that names the function and hex bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_base64.h"
#include "kws_check.h"
#include "kws_crc32.h"
#include "kws_line.h"
#include "kws_outbox.h"
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
    size_t length = 0;
    if (kws_base64_decode((const char *)bytes, count, decoded, &length)) {
        print_hex(decoded, length);
    } else {
        printf("bad");
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

static char *string_of(const uint8_t *bytes, size_t count)
{
    char *text = malloc(count + 1);
    memcpy(text, bytes, count);
    text[count] = '\0';
    return text;
}

static void check(const uint8_t *bytes, size_t count)
{
    static const char *const names[] = {"none", "good", "bad"};
    char *text = string_of(bytes, count);
    size_t length = count;
    printf("%s ", names[kws_check_take(text, &length)]);
    print_hex((const uint8_t *)text, strlen(text));
    printf("%s", strlen(text) == length ? "" : "LENGTH");
    free(text);
}

static void audio(const uint8_t *bytes, size_t count)
{
    char *text = string_of(bytes, count);
    kws_audio_line line = {0, 0, 0};
    const int good = kws_parse_audio_line(text, &line);
    printf("%d %u %u %u", good, (unsigned)line.offset, (unsigned)line.results, (unsigned)line.base64);
    free(text);
}

/* Steps of two bytes: 'p' and the length of a line to put, where it fits, in two pieces; 'c' and a number to confirm. */
static void outbox(const uint8_t *bytes, size_t count)
{
    static const uint8_t line[64] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    kws_outbox box = {malloc(256), 256, 0, 0, 0};
    kws_outbox_clear(&box);
    for (size_t i = 0; i + 1 < count; i += 2) {
        if (bytes[i] == 'c') {
            kws_outbox_confirm(&box, bytes[i + 1]);
        } else if (kws_outbox_room(&box) > bytes[i + 1]) {
            kws_outbox_put(&box, line, bytes[i + 1]);
            kws_outbox_put(&box, (const uint8_t *)"\n", 1);
        }
    }
    printf("%u %u ", (unsigned)box.confirmed, (unsigned)box.lines);
    print_hex(box.bytes, box.used);
    free(box.bytes);
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
        } else if (strcmp(name, "check") == 0) {
            check(bytes, count);
        } else if (strcmp(name, "audio") == 0) {
            audio(bytes, count);
        } else if (strcmp(name, "outbox") == 0) {
            outbox(bytes, count);
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
