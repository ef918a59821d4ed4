/* SPDX-License-Identifier: Apache-2.0 */
/* The whole application, fed with arbitrary bytes: it must not crash, hang, or say anything but lines of printable ASCII;
 * and whatever it was told, a good clip afterwards gives what it always gives.
 *
 * The input's first byte says how many bytes arrive at a time, how much time passes meanwhile, and whether a microphone
 * hears; the rest is what arrives. libFuzzer calls LLVMFuzzerTestOneInput(); with STANDALONE there is a main() that takes
 * files in its place.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_app.h"
#include "kws_crc32.h"
#include "kws_port.h"

#define CLIP_SAMPLES 2400 /* 150 ms: a little more than the model looks at here */
#define LINE_BYTES 700

static const uint8_t *serial;
static size_t serial_left, chunk_bytes;
static uint32_t now_us, step_us;
static int microphone_hears;
static char said[1 << 20];
static size_t said_count;
static jmp_buf after_exit;

static void require(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "fuzz_app: %s\n", what);
        abort();
    }
}

/* The port. */

void kws_port_init(void)
{
}

size_t kws_port_serial_read(uint8_t *bytes, size_t capacity)
{
    size_t count = serial_left < chunk_bytes ? serial_left : chunk_bytes;
    count = count < capacity ? count : capacity;
    memcpy(bytes, serial, count);
    serial += count;
    serial_left -= count;
    return count;
}

size_t kws_port_serial_capacity(void)
{
    return 2048;
}

void kws_port_serial_write(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        require(bytes[i] == '\n' || (bytes[i] >= ' ' && bytes[i] <= '~'), "it said something that is no ASCII");
    }
    if (said_count + count < sizeof said) {
        memcpy(said + said_count, bytes, count);
        said_count += count;
    }
}

size_t kws_port_microphone_read(int16_t *samples, size_t capacity)
{
    for (size_t i = 0; microphone_hears && i < capacity; ++i) {
        samples[i] = (int16_t)(i * 997);
    }
    return microphone_hears ? capacity : 0;
}

size_t kws_port_microphone_waiting(void)
{
    return microphone_hears ? 160 : 0;
}

uint32_t kws_port_microphone_overruns(void)
{
    return 0;
}

uint32_t kws_port_microphone_clipped(void)
{
    return 0;
}

int32_t kws_port_microphone_offset(void)
{
    return 0;
}

void kws_port_led(uint8_t red, uint8_t green, uint8_t blue)
{
    (void)red;
    (void)green;
    (void)blue;
}

uint32_t kws_port_micros(void)
{
    return now_us;
}

void kws_port_idle(void)
{
}

void kws_port_exit(int code)
{
    (void)code;
    longjmp(after_exit, 1);
}

/* What it is told. */

static void tell(const uint8_t *bytes, size_t count)
{
    serial = bytes;
    serial_left = count;
    if (setjmp(after_exit) != 0) {
        kws_app_start(); /* somebody switches it on again */
    }
    while (serial_left > 0) {
        kws_app_poll();
        now_us += step_us;
    }
    kws_app_poll();
}

static size_t add_checked(char *text, const char *line)
{
    return (size_t)sprintf(text, "%s *%08x\n", line, (unsigned)kws_crc32(0, line, strlen(line)));
}

static size_t encode(char *text, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = 0;
    for (size_t i = 0; i < count; i += 3) {
        const uint32_t rest = (uint32_t)(count - i);
        const uint32_t bits =
            (uint32_t)bytes[i] << 16 | (rest > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (rest > 2 ? bytes[i + 2] : 0);
        text[length++] = digits[bits >> 18];
        text[length++] = digits[bits >> 12 & 63];
        text[length++] = rest > 1 ? digits[bits >> 6 & 63] : '=';
        text[length++] = rest > 2 ? digits[bits & 63] : '=';
    }
    text[length] = '\0';
    return length;
}

/* A clip as a good host sends it, with the bytes that end whatever was begun before it in front. */
static size_t make_good_clip(char *text)
{
    static uint8_t pcm[2 * CLIP_SAMPLES];
    static char line[2048];
    uint32_t noise = 1;
    size_t count = 0;
    for (size_t i = 0; i < CLIP_SAMPLES; ++i) {
        noise = noise * 1664525u + 1013904223u;
        const uint32_t sample = (noise >> 16) * (i / 400 % 2) / 2;
        pcm[2 * i] = (uint8_t)sample;
        pcm[2 * i + 1] = (uint8_t)(sample >> 8);
    }
    count += add_checked(text + count, "!TEST");
    sprintf(line, "!DATA audio-pcm-16khz-mono-s16 %d crc=%08x tail=320", 2 * CLIP_SAMPLES,
            (unsigned)kws_crc32(0, pcm, sizeof pcm));
    count += add_checked(text + count, line);
    count += add_checked(text + count, "!SYNC 1 0");
    for (size_t at = 0; at < sizeof pcm; at += LINE_BYTES) {
        const size_t left = sizeof pcm - at;
        const int begin = sprintf(line, "@%u 4294967295 ", (unsigned)at);
        encode(line + begin, pcm + at, left < LINE_BYTES ? left : LINE_BYTES);
        count += add_checked(text + count, line);
    }
    return count;
}

static void check_good_clip(void)
{
    static char clip[1 << 16], expected[1 << 14];
    static size_t clip_count, expected_count;
    chunk_bytes = 256;
    step_us = 0;
    microphone_hears = 0;
    tell((const uint8_t *)"\n", 1);
    said_count = 0;
    if (clip_count == 0) {
        clip_count = make_good_clip(clip);
    }
    tell((const uint8_t *)clip, clip_count);
    said[said_count] = '\0';
    require(strstr(said, "!OK DATA ") != NULL, "a good clip did not go well");
    if (expected_count == 0) {
        require(said_count < sizeof expected, "a good clip's answers are too long");
        memcpy(expected, said, said_count);
        expected_count = said_count;
    }
    require(said_count == expected_count && memcmp(said, expected, said_count) == 0, "a good clip gave something else");
    tell((const uint8_t *)"!RESET\n", 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t steps_us[] = {0, 1000, 100000, 6000000, 61000000, 0, 17, 3000000000u};
    static int started;
    if (!started) {
        started = 1;
        kws_app_start();
        check_good_clip();
    }
    if (size == 0) {
        return 0;
    }
    chunk_bytes = 1 + (data[0] & 15) * 17u;
    step_us = steps_us[data[0] >> 4 & 7];
    microphone_hears = data[0] >> 7;
    said_count = 0;
    tell(data + 1, size - 1);
    check_good_clip();
    return 0;
}

#ifdef STANDALONE
int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];
    for (int i = 1; i < argc; ++i) {
        FILE *file = fopen(argv[i], "rb");
        require(file != NULL, "no such file");
        const size_t count = fread(data, 1, sizeof data, file);
        fclose(file);
        uint8_t *exact = malloc(count ? count : 1); /* so that a read beyond the end is seen */
        memcpy(exact, data, count);
        LLVMFuzzerTestOneInput(exact, count);
        free(exact);
    }
    return 0;
}
#endif
