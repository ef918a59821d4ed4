/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_report.h"

#include "kws_crc32.h"
#include "kws_engine.h"
#include "kws_line.h"
#include "kws_model.h"
#include "kws_outbox.h"
#include "kws_pipeline.h"
#include "kws_port.h"
#include "kws_protocol.h"
#include "kws_self_test.h"
#include "kws_settings.h"
#include "kws_text.h"
#ifdef KWS_MODEL_SLOT_BYTES
#include "kws_loaded_model.h"
#endif

/* The most output that one frame of features can cause: its own line, one of scores, one of a detection (a label has at most 24
 * characters), each with number and check. */
#define NUMBER_AND_CHECK_BYTES 23
#define FRAME_RESULT_BYTES (101 + 3 * NUMBER_AND_CHECK_BYTES + 2 * KWS_N_MELS + 5 * KWS_N_LABELS)
#define FRAMES_PER_LINE (KWS_MAX_LINE_SAMPLES * 1000 / (KWS_STRIDE_MS * KWS_SAMPLE_RATE_HZ) + 1)
#define LAST_RESULT_BYTES 320
#define ROOM_BYTES (FRAMES_PER_LINE * FRAME_RESULT_BYTES + LAST_RESULT_BYTES)
/* Unconfirmed results that may wait before the audio must wait: about fifteen lines. */
#define UNCONFIRMED_BYTES 1024

static void write_line(const uint8_t *bytes, size_t count);

static kws_text text = {.sink = write_line};
static bool checks;
static uint32_t written_crc; /* of the line's beginning, as far as it has left the text's buffer */
static uint8_t outbox_bytes[ROOM_BYTES + UNCONFIRMED_BYTES];
static kws_outbox outbox = {.bytes = outbox_bytes, .capacity = sizeof outbox_bytes};

static void write_line(const uint8_t *bytes, size_t count)
{
    written_crc = kws_crc32(written_crc, bytes, count);
    kws_port_serial_write(bytes, count);
}

static void write_and_keep(const uint8_t *bytes, size_t count)
{
    kws_outbox_put(&outbox, bytes, count);
    write_line(bytes, count);
}

static void end_line(void)
{
    if (checks) {
        const uint32_t crc = kws_crc32(written_crc, text.buffer, text.count);
        kws_text_put(&text, " *");
        kws_text_put_hex(&text, crc);
    }
    kws_text_end_line(&text);
    written_crc = 0;
}

static void begin_result(void)
{
    if (checks) {
        text.sink = write_and_keep;
    }
}

static void end_result(void)
{
    if (checks) {
        kws_text_put(&text, " #");
        kws_text_put_unsigned(&text, outbox.lines + 1);
    }
    end_line();
    text.sink = write_line;
}

void kws_report_use_checks(bool use)
{
    checks = use;
}

void kws_report_begin_results(void)
{
    kws_outbox_clear(&outbox);
}

bool kws_report_has_room(void)
{
    return kws_outbox_room(&outbox) >= ROOM_BYTES;
}

void kws_report_confirm(uint32_t results)
{
    kws_outbox_confirm(&outbox, results);
}

void kws_report_results_again(void)
{
    kws_port_serial_write(outbox.bytes, outbox.used);
}

static void put_field(const char *name, uint32_t value)
{
    kws_text_put(&text, name);
    kws_text_put_unsigned(&text, value);
}

static void put_labels(void)
{
    for (int i = 0; i < KWS_N_LABELS; ++i) {
        kws_text_put(&text, i == 0 ? " labels=" : ",");
        kws_text_put(&text, kws_labels[i]);
    }
}

void kws_report_ready(kws_report_limits limits)
{
    put_field("kws ready proto=", KWS_PROTOCOL_VERSION);
    kws_text_put(&text, " board=" KWS_BOARD " engine=");
    kws_text_put(&text, kws_engine_name);
    kws_text_put(&text, " model=");
    kws_text_put(&text, kws_engine_model_id());
    kws_text_put(&text, " id=");
    kws_text_put(&text, kws_model_in_use()->settings_identity);
    kws_text_put(&text, "-");
    kws_text_put(&text, kws_engine_model_hash());
    kws_text_put(&text, " selftest=");
    kws_text_put(&text, kws_self_test_result());
    put_field(" line=", limits.line_bytes);
    put_field(" window=", limits.window_lines);
    kws_text_put(&text, " levels=1"); /* !LEVELS is understood */
    put_labels();
    end_line();
}

#ifdef KWS_MODEL_SLOT_BYTES
void kws_report_model_slot(void)
{
    const bool is_refused = kws_loaded_model_refusal() != NULL;
    kws_text_put(&text, "kws model slot=");
    kws_text_put(&text, kws_loaded_model_slot_state());
    put_field(" bytes=", kws_loaded_model_slot_bytes());
    put_field(" arena=", KWS_ARENA_BYTES);
    put_field(" history=", kws_loaded_model_history());
    kws_text_put(&text, " built_in=");
    kws_text_put(&text, kws_loaded_model_built_in_identity());
    kws_text_put(&text, " ops=" KWS_OP_NAMES);
    end_line();
    if (is_refused) {
        kws_text_put(&text, "kws error model ");
        kws_text_put(&text, kws_loaded_model_refusal());
        kws_text_put(&text, ": the built-in model runs");
        end_line();
    }
}
#endif

void kws_report_features(uint32_t time_ms, const int8_t *frame)
{
    begin_result();
    put_field("kws features at=", time_ms);
    kws_text_put(&text, " ");
    for (int i = 0; i < KWS_N_MELS; ++i) {
        kws_text_put_hex_byte(&text, (uint8_t)frame[i]);
    }
    end_result();
}

void kws_report_scores(uint32_t time_ms, const int8_t *scores)
{
    begin_result();
    put_field("kws scores at=", time_ms);
    for (int i = 0; i < KWS_N_LABELS; ++i) {
        kws_text_put(&text, " ");
        kws_text_put_signed(&text, scores[i]);
    }
    end_result();
}

void kws_report_detection(const kws_detection *detection)
{
    begin_result();
    kws_text_put(&text, "Heard ");
    kws_text_put(&text, kws_labels[detection->label]);
    put_field(" (", detection->score);
    put_field(") @", detection->time_ms);
    kws_text_put(&text, "ms");
    end_result();
}

static void put_figures(const kws_pipeline_figures *figures)
{
    put_field(" frames=", figures->frames);
    put_field(" inferences=", figures->inferences);
    put_field(" frontend_us=", figures->frontend_us);
    put_field(" invoke_us=", figures->invoke_us);
    put_field(" arena=", (uint32_t)kws_engine_arena_used_bytes());
}

void kws_report_clip(uint32_t audio_crc)
{
    const kws_pipeline_figures figures = kws_pipeline_read_figures();
    begin_result();
    kws_text_put(&text, "kws clip audio_crc=");
    kws_text_put_hex(&text, audio_crc);
    kws_text_put(&text, " features_crc=");
    kws_text_put_hex(&text, figures.features_crc32);
    put_figures(&figures);
    end_result();
}

void kws_report_status(const kws_level *level, uint32_t clipped, const kws_report_intake *intake)
{
    const kws_pipeline_figures figures = kws_pipeline_read_figures();
    put_field("kws status at=", figures.time_ms);
    put_field(" loudest=", level->loudest);
    put_field(" rms=", kws_level_rms(level));
    put_field(" clipped=", clipped);
    put_field(" overruns=", kws_port_microphone_overruns());
    kws_text_put(&text, " offset=");
    kws_text_put_signed(&text, kws_port_microphone_offset());
    put_field(" samples=", intake->samples);
    put_field(" us=", intake->at_us);
    put_figures(&figures);
    end_line();
}

void kws_report_levels(uint32_t time_ms, const uint8_t *peaks)
{
    const uint8_t *thresholds = kws_pipeline_thresholds();
    put_field("kws levels at=", time_ms);
    for (int i = 0; i < KWS_N_LABELS; ++i) {
        put_field(" ", peaks[i]);
        put_field("/", thresholds[i]);
    }
    end_line();
}

void kws_report_error(const char *what, const char *words)
{
    kws_text_put(&text, "kws error ");
    kws_text_put(&text, what);
    kws_text_put(&text, " ");
    kws_text_put(&text, words);
    end_line();
}

void kws_report_sound(uint32_t offset, const char *base64)
{
    put_field("kws sound ", offset);
    kws_text_put(&text, " ");
    kws_text_put(&text, base64);
    end_line();
}

void kws_report_ok_record(const kws_report_recording *recording)
{
    put_field("!OK RECORD ", recording->samples);
    kws_text_put(&text, " crc=");
    kws_text_put_hex(&text, recording->crc);
    put_field(" overruns=", recording->overruns);
    put_field(" clipped=", recording->clipped);
    end_line();
}

void kws_report_ok(const char *command)
{
    kws_text_put(&text, "!OK ");
    kws_text_put(&text, command);
    end_line();
}

void kws_report_ok_test(uint32_t line_bytes)
{
    put_field("!OK TEST ", line_bytes);
    end_line();
}

void kws_report_ok_data(uint32_t bytes)
{
    begin_result();
    put_field("!OK DATA " KWS_AUDIO_TYPE " ", bytes);
    end_result();
}

void kws_report_ok_sync(uint32_t token, uint32_t bytes)
{
    put_field("!OK SYNC ", token);
    put_field(" bytes=", bytes);
    put_field(" results=", outbox.lines);
    end_line();
}

void kws_report_ack(uint32_t bytes)
{
    put_field("!DATA_ACK ", bytes);
    end_line();
}

void kws_report_nak(uint32_t bytes)
{
    put_field("!DATA_NAK ", bytes);
    end_line();
}

void kws_report_fail_clip(const char *error)
{
    begin_result();
    kws_text_put(&text, "!FAIL ");
    kws_text_put(&text, error);
    end_result();
}

void kws_report_fail(const char *error)
{
    kws_text_put(&text, "!FAIL ");
    kws_text_put(&text, error);
    end_line();
}

void kws_report_fail_crc(uint32_t computed, uint32_t announced)
{
    begin_result();
    kws_text_put(&text, "!FAIL crc of the audio is ");
    kws_text_put_hex(&text, computed);
    kws_text_put(&text, ", announced was ");
    kws_text_put_hex(&text, announced);
    end_result();
}
