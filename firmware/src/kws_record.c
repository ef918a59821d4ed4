/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_record.h"

#include "kws_base64.h"
#include "kws_crc32.h"
#include "kws_port.h"
#include "kws_report.h"

/* 480 bytes, 640 characters of base64: the rest of the line is 4 % of it. */
#define LINE_SAMPLES 240

static struct {
    uint32_t wanted; /* 0: there is no recording */
    uint32_t sent;
    uint32_t crc; /* of the sound sent, int16 little-endian */
    uint32_t overruns_before;
    uint32_t overruns; /* up to where all that is wanted had been heard */
    uint32_t clipped;
    bool heard; /* all that is wanted */
    bool checked;
} recording;

void kws_record_begin(uint32_t samples, bool checked)
{
    recording.checked = checked;
    recording.wanted = samples;
    recording.sent = 0;
    recording.crc = 0;
    recording.overruns_before = kws_port_microphone_overruns();
    recording.overruns = 0;
    recording.heard = false;
    recording.clipped = kws_port_microphone_clipped();
}

void kws_record_drop(void)
{
    recording.wanted = 0;
}

bool kws_record_is_running(void)
{
    return recording.wanted > 0;
}

bool kws_record_is_checked(void)
{
    return kws_record_is_running() && recording.checked;
}

/* Returns the number of bytes, little-endian. */
static size_t bytes_of(const int16_t *samples, size_t count, uint8_t *bytes)
{
    for (size_t i = 0; i < count; ++i) {
        bytes[2 * i] = (uint8_t)samples[i];
        bytes[2 * i + 1] = (uint8_t)((uint16_t)samples[i] >> 8);
    }
    return 2 * count;
}

static void send_line(const int16_t *samples, size_t count)
{
    uint8_t bytes[2 * LINE_SAMPLES];
    char base64[KWS_BASE64_CHARACTERS(sizeof bytes) + 1];
    const size_t size = bytes_of(samples, count, bytes);
    kws_base64_encode(bytes, size, base64);
    kws_report_sound(recording.sent, base64);
    recording.crc = kws_crc32(recording.crc, bytes, size);
    recording.sent += (uint32_t)count;
}

static void finish(void)
{
    const kws_report_recording result = {
        .samples = recording.sent,
        .crc = recording.crc,
        .overruns = recording.overruns,
        .clipped = kws_port_microphone_clipped() - recording.clipped,
    };
    kws_report_ok_record(&result);
    recording.wanted = 0;
}

/* An overrun damages the recording only while it still needs sound: on a slow serial port, its end is sent long after it
 * was recorded. Counted before the ring is read, since an interrupt may write to it in between. */
static void count_losses(void)
{
    const uint32_t overruns = kws_port_microphone_overruns() - recording.overruns_before;
    if (!recording.heard) {
        recording.overruns = overruns;
        recording.heard = recording.sent + kws_port_microphone_waiting() >= recording.wanted;
    }
}

bool kws_record_serve(void)
{
    count_losses();
    int16_t samples[LINE_SAMPLES];
    const uint32_t left = recording.wanted - recording.sent;
    const size_t count = kws_port_microphone_read(samples, left < LINE_SAMPLES ? left : LINE_SAMPLES);
    if (count > 0) {
        send_line(samples, count);
    }
    if (recording.sent == recording.wanted) {
        finish();
    }
    return count > 0;
}
