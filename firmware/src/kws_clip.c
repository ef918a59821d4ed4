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

static struct {
    bool receiving;
    kws_clip_request request;
    uint32_t bytes;
    uint32_t crc;
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

void kws_clip_begin(const kws_clip_request *request)
{
    kws_pipeline_reset();
    clip.receiving = true;
    clip.request = *request;
    clip.bytes = 0;
    clip.crc = 0;
    clip.held_count = 0;
}

void kws_clip_drop(void)
{
    clip.receiving = false;
    clip.request.wants_features = 0; /* the microphone's are nobody's */
}

bool kws_clip_is_receiving(void)
{
    return clip.receiving;
}

static void fail(const char *error)
{
    clip.receiving = false;
    kws_report_fail(error);
}

static bool engine_failed(void)
{
    return kws_pipeline_read_figures().failed_invokes > 0;
}

static void finish(void)
{
    feed_silence(clip.request.tail_samples);
    kws_report_clip();
    if (clip.crc != clip.request.crc) {
        kws_report_fail_crc(clip.crc, clip.request.crc);
    } else if (engine_failed()) {
        kws_report_fail(cannot_run);
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
    kws_report_clip();
}

void kws_clip_take_line(char *line, size_t length)
{
    uint8_t *bytes = (uint8_t *)line;
    const int32_t decoded = kws_base64_decode(line, length, bytes);
    if (decoded == KWS_BASE64_BAD || decoded % 2 != 0) {
        fail("base64 line is bad or holds half a sample");
        return;
    }
    const uint32_t count = (uint32_t)decoded;
    if (count > clip.request.bytes - clip.bytes) {
        fail("count of bytes is above the size announced");
        return;
    }
    clip.bytes += count;
    clip.crc = kws_crc32(clip.crc, bytes, count);
    kws_report_ack(clip.request.has_crc ? clip.bytes : count); /* first, so that the next line travels meanwhile */
    feed_bytes(bytes, count);
    if (clip.bytes == clip.request.bytes) {
        clip.receiving = false;
        if (clip.request.has_crc) {
            finish();
        } else {
            finish_old_form();
        }
    }
}

void kws_clip_on_frame(uint32_t time_ms, const int8_t *frame)
{
    if (clip.request.wants_features) {
        kws_report_features(time_ms, frame);
    }
}

/* Holds the newest; the oldest, where there is no more room, comes before !OK: none is lost. */
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
    if (clip.receiving && !clip.request.has_crc) {
        hold(detection);
    } else {
        kws_report_detection(detection);
    }
}
