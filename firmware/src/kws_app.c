/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_app.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kws_check.h"
#include "kws_clip.h"
#include "kws_level.h"
#include "kws_line.h"
#include "kws_pipeline.h"
#include "kws_port.h"
#include "kws_protocol.h"
#include "kws_record.h"
#include "kws_report.h"
#include "kws_self_test.h"
#include "kws_settings.h"
#include "kws_user.h"

#define SERIAL_CHUNK_BYTES 256
#define MICROPHONE_CHUNK_SAMPLES 320
#define STATUS_INTERVAL_SAMPLES (10u * KWS_SAMPLE_RATE_HZ)

/* The characters of an audio line without its base64, and of a whole !SYNC, with the longest numbers. */
#define AUDIO_LINE_CHARACTERS (1 + 10 + 1 + 10 + 1 + KWS_CHECK_CHARACTERS)
#define SYNC_CHARACTERS 64

/* Timeouts: for a host that stops in the middle of a clip, and for one that goes away without !RESET. */
#define CLIP_TIMEOUT_US 5000000u
#define TEST_TIMEOUT_US 60000000u

static struct {
    kws_line line;
    const char *engine_error; /* NULL: the engine runs */
    bool testing;             /* the host sends the sound; the microphone is ignored */
    bool skipping;            /* after a failure: lines that are not commands belong to what failed */
    uint32_t last_serial_us;
    uint32_t samples_to_status;
    kws_level level;   /* since the last status, */
    uint32_t clipped;  /* and what the port counted up to it */
    uint32_t overruns; /* that were reported to the host, */
    uint32_t lost;     /* and that the user's file was told of */
    kws_report_intake intake;
    uint8_t peaks[KWS_N_LABELS]; /* the highest levels since the host was told of them */
} app;

static void begin_status(void)
{
    const kws_level nothing = {0};
    app.samples_to_status = STATUS_INTERVAL_SAMPLES;
    app.level = nothing;
    app.clipped = kws_port_microphone_clipped();
}

/* Reported with the status, not at once: a device that is too slow has no time for more lines. */
static void report_overruns(void)
{
    const uint32_t overruns = kws_port_microphone_overruns();
    if (overruns != app.overruns) {
        app.overruns = overruns;
        kws_report_error("overrun", "sound was lost: the main loop is too slow for the microphone");
    }
}

static void give_status(void)
{
    report_overruns();
    kws_report_status(&app.level, kws_port_microphone_clipped() - app.clipped, &app.intake);
    begin_status();
}

static void give_levels(void)
{
    kws_report_levels(kws_pipeline_read_figures().time_ms, app.peaks);
    memset(app.peaks, 0, sizeof app.peaks);
}

static void listen(void)
{
    memset(app.peaks, 0, sizeof app.peaks);
    kws_clip_drop();
    kws_pipeline_reset();
    app.testing = false;
    app.overruns = kws_port_microphone_overruns(); /* the microphone was ignored while the host sent the sound */
    app.lost = app.overruns;
    begin_status();
}

/* Two lines at least fit the port's receive buffer, so that one travels while the other is worked on, and a !SYNC on top. */
static kws_report_limits limits(void)
{
    const size_t capacity = kws_port_serial_capacity() - SYNC_CHARACTERS;
    const size_t most = KWS_LINE_CHARACTERS + 1; /* and its end */
    const size_t line = capacity / 2 < most ? capacity / 2 : most;
    const size_t base64 = line - 1 - AUDIO_LINE_CHARACTERS;
    const kws_report_limits result = {
        .line_bytes = (uint32_t)(base64 / 4 * 3 / 2 * 2), /* whole samples */
        .window_lines = (uint32_t)(capacity / line),
    };
    return result;
}

static void introduce(void)
{
    kws_report_ready(limits());
#ifdef KWS_MODEL_SLOT_BYTES
    kws_report_model_slot();
#endif
    if (app.engine_error != NULL) {
        kws_report_error("engine", app.engine_error);
    }
}

static void fail(const char *error)
{
    kws_clip_drop();
    kws_record_drop();
    app.skipping = true;
    kws_report_fail(error);
}

static void begin_test(void)
{
    app.testing = true;
    kws_report_ok_test(limits().line_bytes);
}

static void begin_clip(const kws_clip_request *request, bool checked)
{
    if (app.engine_error != NULL) {
        fail("engine did not start: see !INFO");
    } else if (!app.testing) {
        fail("state is not testing: send !TEST first");
    } else if (!checked && kws_has_options(request)) {
        fail("check is missing at the line's end: with options, every line needs one");
    } else {
        kws_clip_begin(request, checked);
    }
}

static void begin_recording(uint32_t samples, bool checked)
{
    if (!app.testing) {
        fail("state is not testing: send !TEST first");
    } else {
        kws_record_begin(samples, checked);
    }
}

/* A damaged line does not end a clip. */
static void report_bad_check(void)
{
    if (kws_clip_is_checked()) {
        kws_clip_refuse_line();
    } else if (!app.skipping || app.line.text[0] == '!') {
        fail("check at the line's end is wrong");
    }
}

static void go_on(const kws_sync_request *request)
{
    if (kws_clip_is_checked()) {
        kws_clip_sync(request);
    } else {
        fail("state has no clip with checks");
    }
}

static void obey(const kws_command *command, bool checked)
{
    app.skipping = false;
    if (command->kind != KWS_COMMAND_SYNC) {
        kws_clip_drop();
        kws_record_drop();
    }
    switch (command->kind) {
    case KWS_COMMAND_INFO:
        introduce();
        break;
    case KWS_COMMAND_TEST:
        begin_test();
        break;
    case KWS_COMMAND_DATA:
        begin_clip(&command->clip, checked);
        break;
    case KWS_COMMAND_RESET:
        listen();
        kws_report_ok("RESET");
        break;
    case KWS_COMMAND_EXIT:
        kws_report_ok("EXIT");
        kws_port_exit(0);
        break;
    case KWS_COMMAND_STATUS:
        give_status();
        break;
    case KWS_COMMAND_LEVELS:
        give_levels();
        break;
    case KWS_COMMAND_SYNC:
        go_on(&command->sync);
        break;
    case KWS_COMMAND_RECORD:
        begin_recording(command->record_samples, checked);
        break;
    case KWS_COMMAND_BAD:
        fail(command->error);
        break;
    }
}

static void take_command(bool checked)
{
    const kws_command command = kws_parse_command(app.line.text);
    if (command.kind == KWS_COMMAND_BAD && !checked && kws_clip_is_checked()) {
        kws_clip_refuse_line(); /* the rest of a line with a check */
    } else {
        obey(&command, checked);
    }
}

static void take_audio(bool checked)
{
    if (kws_clip_is_checked() && checked) {
        kws_clip_take_checked_line(app.line.text, app.line.length);
    } else if (kws_clip_is_checked()) {
        kws_clip_refuse_line();
    } else {
        kws_clip_take_line(app.line.text, app.line.length);
    }
}

static void take_line(void)
{
    const bool in_clip = kws_clip_is_receiving() || kws_clip_is_checked();
    const kws_check check = kws_check_take(app.line.text, &app.line.length);
    kws_report_use_checks(check != KWS_CHECK_NONE || kws_clip_is_checked());
    if (check == KWS_CHECK_BAD) {
        report_bad_check();
    } else if (app.line.text[0] == '!') {
        take_command(check == KWS_CHECK_GOOD);
    } else if (in_clip) {
        take_audio(check == KWS_CHECK_GOOD);
        app.skipping = !kws_clip_is_receiving() && !kws_clip_is_checked();
    } else if (!app.skipping) {
        fail("command is not known: commands begin with !");
    }
    kws_report_use_checks(kws_clip_is_checked() || kws_record_is_checked());
}

static void report_long_line(void)
{
    if (kws_clip_is_checked()) {
        kws_clip_refuse_line();
    } else if (!app.skipping) {
        fail("line is too long");
    }
}

static bool serve_serial(void)
{
    uint8_t bytes[SERIAL_CHUNK_BYTES];
    const size_t count = kws_port_serial_read(bytes, sizeof bytes);
    for (size_t i = 0; i < count; ++i) {
        const kws_line_state state = kws_line_put(&app.line, bytes[i]);
        if (state == KWS_LINE_READY) {
            take_line();
        } else if (state == KWS_LINE_TOO_LONG) {
            report_long_line();
        }
    }
    if (count > 0) {
        app.last_serial_us = kws_port_micros();
    }
    return count > 0;
}

static void count_towards_status(const int16_t *samples, size_t count)
{
    kws_level_add(&app.level, samples, count);
    if (app.samples_to_status > count) {
        app.samples_to_status -= (uint32_t)count;
    } else {
        give_status();
    }
}

static void tell_lost_sound(void)
{
    const uint32_t overruns = kws_port_microphone_overruns();
    if (overruns != app.lost) {
        const uint32_t blocks = overruns - app.lost;
        app.lost = overruns;
        kws_user_on_sound_lost(blocks);
    }
}

/* While the host sends the sound, or if the engine does not run, the microphone's samples are only counted. */
static bool serve_microphone(void)
{
    int16_t samples[MICROPHONE_CHUNK_SAMPLES];
    const size_t count = kws_port_microphone_read(samples, MICROPHONE_CHUNK_SAMPLES);
    if (count > 0) {
        app.intake.samples += (uint32_t)count;
        app.intake.at_us = kws_port_micros();
    }
    if (count > 0 && !app.testing && app.engine_error == NULL) {
        tell_lost_sound();
        kws_pipeline_feed(samples, count);
        count_towards_status(samples, count);
    }
    return count > 0;
}

/* A running recording counts as activity of the host. */
static bool serve_recording(void)
{
    const bool heard = kws_record_serve();
    if (heard) {
        app.last_serial_us = kws_port_micros();
    }
    return heard;
}

/* Abandons what a host began and did not finish. */
static void check_timeouts(void)
{
    const uint32_t quiet_us = kws_port_micros() - app.last_serial_us;
    if (kws_record_is_running() && quiet_us > CLIP_TIMEOUT_US) {
        fail("timeout of 5 s: the microphone gave no sound");
    } else if (kws_clip_is_receiving() && quiet_us > CLIP_TIMEOUT_US) {
        fail("timeout of 5 s without audio");
    } else if (app.testing && quiet_us > TEST_TIMEOUT_US) {
        listen();
    }
}

static void on_inference(uint32_t time_ms, const int8_t *scores)
{
    if (app.testing) {
        kws_report_scores(time_ms, scores);
    }
}

/* The line first: the user's function may take its time. */
static void on_detection(const kws_detection *detection)
{
    kws_clip_on_detection(detection);
    kws_user_on_detection(detection);
}

static void on_levels(uint32_t time_ms, const uint8_t *levels)
{
    for (size_t i = 0; i < KWS_N_LABELS; ++i) {
        app.peaks[i] = levels[i] > app.peaks[i] ? levels[i] : app.peaks[i];
    }
    kws_user_on_levels(time_ms, levels);
}

void kws_app_start(void)
{
    const kws_pipeline_events events = {
        .on_inference = on_inference,
        .on_detection = on_detection,
        .on_levels = on_levels,
        .on_frame = kws_clip_on_frame,
    };
    kws_port_init();
    app.engine_error = kws_pipeline_init();
    kws_self_test_run(app.engine_error == NULL);
    kws_pipeline_tell(events);
    kws_user_on_start();
    listen();
    introduce();
}

bool kws_app_is_testing(void)
{
    return app.testing;
}

void kws_app_poll(void)
{
    const bool heard_serial = serve_serial();
    const bool heard_microphone = kws_record_is_running() ? serve_recording() : serve_microphone();
    if (app.testing) {
        check_timeouts();
    }
    if (!heard_serial && !heard_microphone) {
        kws_port_idle();
    }
}
