#include "kws_report.h"

#include "kws_engine.h"
#include "kws_pipeline.h"
#include "kws_port.h"
#include "kws_protocol.h"
#include "kws_self_test.h"
#include "kws_settings.h"
#include "kws_text.h"

static kws_text text = {kws_port_serial_write, 0, {0}};

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
    kws_text_put(&text, " model=" KWS_MODEL_ID " selftest=");
    kws_text_put(&text, kws_self_test_result());
    put_field(" line=", limits.line_bytes);
    put_field(" window=", limits.window_lines);
    put_labels();
    kws_text_end_line(&text);
}

void kws_report_features(uint32_t time_ms, const int8_t *frame)
{
    put_field("kws features at=", time_ms);
    kws_text_put(&text, " ");
    for (int i = 0; i < KWS_N_MELS; ++i) {
        kws_text_put_hex_byte(&text, (uint8_t)frame[i]);
    }
    kws_text_end_line(&text);
}

void kws_report_scores(uint32_t time_ms, const int8_t *scores)
{
    put_field("kws scores at=", time_ms);
    for (int i = 0; i < KWS_N_LABELS; ++i) {
        kws_text_put(&text, " ");
        kws_text_put_signed(&text, scores[i]);
    }
    kws_text_end_line(&text);
}

void kws_report_detection(const kws_detection *detection)
{
    kws_text_put(&text, "Heard ");
    kws_text_put(&text, kws_labels[detection->label]);
    put_field(" (", detection->score);
    put_field(") @", detection->time_ms);
    kws_text_put(&text, "ms");
    kws_text_end_line(&text);
}

static void put_figures(const kws_pipeline_figures *figures)
{
    put_field(" frames=", figures->frames);
    put_field(" inferences=", figures->inferences);
    put_field(" frontend_us=", figures->frontend_us);
    put_field(" invoke_us=", figures->invoke_us);
    put_field(" arena=", (uint32_t)kws_engine_arena_used_bytes());
}

void kws_report_clip(void)
{
    const kws_pipeline_figures figures = kws_pipeline_read_figures();
    kws_text_put(&text, "kws clip features_crc=");
    kws_text_put_hex(&text, figures.features_crc32);
    put_figures(&figures);
    kws_text_end_line(&text);
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
    kws_text_end_line(&text);
}

void kws_report_error(const char *what, const char *words)
{
    kws_text_put(&text, "kws error ");
    kws_text_put(&text, what);
    kws_text_put(&text, " ");
    kws_text_put(&text, words);
    kws_text_end_line(&text);
}

void kws_report_ok(const char *command)
{
    kws_text_put(&text, "!OK ");
    kws_text_put(&text, command);
    kws_text_end_line(&text);
}

void kws_report_ok_test(uint32_t line_bytes)
{
    put_field("!OK TEST ", line_bytes);
    kws_text_end_line(&text);
}

void kws_report_ok_data(uint32_t bytes)
{
    put_field("!OK DATA " KWS_AUDIO_TYPE " ", bytes);
    kws_text_end_line(&text);
}

void kws_report_ack(uint32_t bytes)
{
    put_field("!DATA_ACK ", bytes);
    kws_text_end_line(&text);
}

void kws_report_fail(const char *error)
{
    kws_text_put(&text, "!FAIL ");
    kws_text_put(&text, error);
    kws_text_end_line(&text);
}

void kws_report_fail_crc(uint32_t computed, uint32_t announced)
{
    kws_text_put(&text, "!FAIL crc of the audio is ");
    kws_text_put_hex(&text, computed);
    kws_text_put(&text, ", announced was ");
    kws_text_put_hex(&text, announced);
    kws_text_end_line(&text);
}
