/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_clip.h"

#include <string.h>

#include "kws_base64.h"
#include "kws_crc32.h"
#include "kws_pipeline.h"
#include "kws_report.h"

/* In the old form of !DATA the device itself adds silence, so that the detector can count a word at the clip's end. */
#define OLD_FORM_TAIL_SAMPLES 16000
#define CHUNK_SAMPLES 160
#define HELD_DETECTIONS 4

static const char *const cannot_run = "engine could not run the model";

typedef enum {
    CLIP_NONE,
    CLIP_RECEIVING, /* audio is still to come */
    CLIP_TAIL,      /* with checks: silence, then the last results, as there is room for results */
    CLIP_DONE,      /* with checks: the host may still ask for results */
} clip_state;

static struct {
    clip_state state;
    bool checked;
    bool asked; /* the host was told that it should !SYNC */
    kws_clip_request request;
    uint32_t bytes;
    uint32_t crc;
    uint32_t tail_left;
    size_t held_count;
    kws_detection held[HELD_DETECTIONS];
} clip;

static void feed_bytes(const uint8_t *bytes, size_t count)
{
    int16_t samples[CHUNK_SAMPLES];
    while (count > 0) {
        size_t n = 0;
        for (; n < CHUNK_SAMPLES && count > 0; ++n, bytes += 2, count -= 2) {
            samples[n] = (int16_t)(uint16_t)(bytes[0] | bytes[1] << 8);
        }
        kws_pipeline_feed(samples, n);
    }
}

static void feed_silence(uint32_t count)
{
    static const int16_t silence[CHUNK_SAMPLES];
    while (count > 0) {
        const uint32_t n = count < CHUNK_SAMPLES ? count : CHUNK_SAMPLES;
        kws_pipeline_feed(silence, n);
        count -= n;
    }
}

void kws_clip_begin(const kws_clip_request *request, bool checked)
{
    kws_pipeline_reset();
    kws_report_begin_results();
    clip.state = CLIP_RECEIVING;
    clip.checked = checked;
    clip.asked = false;
    clip.request = *request;
    clip.bytes = 0;
    clip.crc = 0;
    clip.tail_left = request->tail_samples;
    clip.held_count = 0;
}

void kws_clip_drop(void)
{
    clip.state = CLIP_NONE;
    clip.request.wants_features = false; /* nobody asks for the microphone's */
}

bool kws_clip_is_receiving(void)
{
    return clip.state == CLIP_RECEIVING;
}

bool kws_clip_is_checked(void)
{
    return clip.state != CLIP_NONE && clip.checked;
}

static bool engine_failed(void)
{
    return kws_pipeline_read_figures().failed_invokes > 0;
}

static void give_last_results(void)
{
    kws_report_clip(clip.crc);
    if (clip.request.has_crc && clip.crc != clip.request.crc) {
        kws_report_fail_crc(clip.crc, clip.request.crc);
    } else if (engine_failed()) {
        kws_report_fail_clip(cannot_run);
    } else {
        kws_report_ok_data(clip.bytes);
    }
}

static void finish_old_form(void)
{
    if (engine_failed()) {
        kws_report_fail(cannot_run);
        return;
    }
    kws_report_ok_data(clip.bytes);
    for (size_t i = 0; i < clip.held_count; ++i) {
        kws_report_detection(&clip.held[i]);
    }
    feed_silence(OLD_FORM_TAIL_SAMPLES);
    kws_report_clip(clip.crc);
}

/* Acknowledges audio first, so that the next line travels meanwhile. */
static void take_audio(const uint8_t *bytes, uint32_t count)
{
    clip.bytes += count;
    clip.crc = kws_crc32(clip.crc, bytes, count);
    kws_report_ack(clip.checked ? clip.bytes : count);
    feed_bytes(bytes, count);
}

/* Decodes a line of audio in place. Returns NULL, or what is wrong with it. */
static const char *decode(char *line, size_t length, size_t *count)
{
    if (!kws_base64_decode(line, length, (uint8_t *)line, count) || *count % 2 != 0) {
        return "base64 line is bad or holds half a sample";
    }
    return *count > clip.request.bytes - clip.bytes ? "count of bytes is above the size announced" : NULL;
}

static void decode_and_take(char *line, size_t length)
{
    size_t count = 0;
    const char *error = decode(line, length, &count);
    if (error != NULL) {
        kws_clip_drop();
        kws_report_fail(error);
        return;
    }
    take_audio((const uint8_t *)line, (uint32_t)count);
}

void kws_clip_take_line(char *line, size_t length)
{
    decode_and_take(line, length);
    if (clip.state == CLIP_RECEIVING && clip.bytes == clip.request.bytes) {
        clip.state = CLIP_NONE;
        finish_old_form();
    }
}

void kws_clip_refuse_line(void)
{
    if (!clip.asked) {
        clip.asked = true;
        kws_report_nak(clip.bytes);
    }
}

/* Feeds the tail and reports the last results, as long as there is room for results. */
static void work_on_tail(void)
{
    while (clip.state == CLIP_TAIL && kws_report_has_room()) {
        const uint32_t count = clip.tail_left < CHUNK_SAMPLES ? clip.tail_left : CHUNK_SAMPLES;
        if (count > 0) {
            feed_silence(count);
            clip.tail_left -= count;
        } else {
            give_last_results();
            clip.state = CLIP_DONE;
        }
    }
    if (clip.state == CLIP_TAIL) {
        kws_clip_refuse_line(); /* so that the host says which results it has */
    }
}

void kws_clip_take_checked_line(char *line, size_t length)
{
    kws_audio_line audio;
    if (!kws_parse_audio_line(line, &audio)) {
        kws_clip_drop();
        kws_report_fail("line of audio must be: @offset results base64");
        return;
    }
    kws_report_confirm(audio.results);
    if (audio.offset < clip.bytes) {
        kws_report_ack(clip.bytes);
    } else if (audio.offset > clip.bytes || clip.state != CLIP_RECEIVING || !kws_report_has_room()) {
        kws_clip_refuse_line();
    } else {
        decode_and_take(line + audio.base64, length - audio.base64);
        if (clip.state == CLIP_RECEIVING && clip.bytes == clip.request.bytes) {
            clip.state = CLIP_TAIL;
        }
        work_on_tail();
    }
}

void kws_clip_sync(const kws_sync_request *request)
{
    clip.asked = false;
    kws_report_confirm(request->results);
    kws_report_results_again();
    kws_report_ok_sync(request->token, clip.bytes);
    work_on_tail();
}

void kws_clip_on_frame(uint32_t time_ms, const int8_t *frame)
{
    if (clip.request.wants_features) {
        kws_report_features(time_ms, frame);
    }
}

/* Keeps the newest detections until !OK; if there is no room, the oldest is reported before it: none is lost. */
static void hold(const kws_detection *detection)
{
    if (clip.held_count == HELD_DETECTIONS) {
        kws_report_detection(&clip.held[0]);
        --clip.held_count;
        memmove(clip.held, clip.held + 1, clip.held_count * sizeof *clip.held);
    }
    clip.held[clip.held_count++] = *detection;
}

void kws_clip_on_detection(const kws_detection *detection)
{
    if (clip.state == CLIP_RECEIVING && !clip.checked) {
        hold(detection);
    } else {
        kws_report_detection(detection);
    }
}
