/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_pipeline.h"

#include <string.h>

#include "kws_detector_settings.h"
#include "kws_engine.h"
#include "kws_listener.h"
#include "kws_port.h"
#include "kws_settings.h"

static bool infer(void *context, const int8_t *features, int8_t *scores);
static void get_ready(void *context);
static void reset_engine(void *context);
static void tell_frame(void *context, uint32_t time_ms, const int8_t *frame);
static void tell_inference(void *context, uint32_t time_ms, const int8_t *scores);
static void tell_detection(void *context, const kws_detection *detection);
static void tell_levels(void *context, uint32_t time_ms, const uint8_t *levels);

/* clang-format off */
#ifdef KWS_MODEL_SLOT_BYTES
#include "kws_loaded_model.h"
#define KWS_CONFIG_CONST /* a model in the slot brings settings of its own */
#else
#define KWS_CONFIG_CONST const
#endif
static KWS_CONFIG_CONST kws_listener_config config = {
    KWS_LISTENER_SETTINGS,
    .infer = infer,
    .get_ready = get_ready,
    .on_reset = reset_engine,
    .on_inference = tell_inference,
    .on_detection = tell_detection,
    .on_levels = tell_levels,
    .on_frame = tell_frame,
};
/* clang-format on */
static uint32_t memory[KWS_LISTENER_WORDS];
static kws_listener listener;
static kws_pipeline_events events;
static uint32_t frontend_us;
static uint32_t invoke_us;
static uint32_t inferences;
static uint32_t failed_invokes;
static uint32_t away_us; /* time of one feed that is not the front-end's */

static bool infer(void *context, const int8_t *features, int8_t *scores)
{
    (void)context;
    (void)features; /* the engine's input */
    const uint32_t began_us = kws_port_micros();
    const bool ran = kws_engine_invoke();
    const uint32_t took_us = kws_port_micros() - began_us;
    away_us += took_us;
    invoke_us += took_us;
    inferences += ran;
    failed_invokes += !ran;
    if (ran) {
        memcpy(scores, kws_engine_output(), KWS_N_LABELS);
    }
    return ran;
}

static void get_ready(void *context)
{
    (void)context;
    const uint32_t began_us = kws_port_micros();
    if (kws_engine_keeps_rows) {
        failed_invokes += !kws_engine_invoke();
    }
    away_us += kws_port_micros() - began_us;
}

static void reset_engine(void *context)
{
    (void)context;
    kws_engine_reset();
}

static void tell_frame(void *context, uint32_t time_ms, const int8_t *frame)
{
    (void)context;
    const uint32_t began_us = kws_port_micros();
    if (events.on_frame != NULL) {
        events.on_frame(time_ms, frame);
    }
    away_us += kws_port_micros() - began_us;
}

static void tell_inference(void *context, uint32_t time_ms, const int8_t *scores)
{
    (void)context;
    const uint32_t began_us = kws_port_micros();
    if (events.on_inference != NULL) {
        events.on_inference(time_ms, scores);
    }
    away_us += kws_port_micros() - began_us;
}

static void tell_detection(void *context, const kws_detection *detection)
{
    (void)context;
    const uint32_t began_us = kws_port_micros();
    if (events.on_detection != NULL) {
        events.on_detection(detection);
    }
    away_us += kws_port_micros() - began_us;
}

static void tell_levels(void *context, uint32_t time_ms, const uint8_t *levels)
{
    (void)context;
    const uint32_t began_us = kws_port_micros();
    if (events.on_levels != NULL) {
        events.on_levels(time_ms, levels);
    }
    away_us += kws_port_micros() - began_us;
}

const char *kws_pipeline_init(void)
{
#ifdef KWS_MODEL_SLOT_BYTES
    const char *error = kws_loaded_model_start(&config);
#else
    const char *error = kws_engine_init();
#endif
    kws_listener_init(&listener, &config, kws_engine_input(), memory);
    return error;
}

const uint8_t *kws_pipeline_thresholds(void)
{
    return config.detector.thresholds;
}

void kws_pipeline_tell(kws_pipeline_events wanted)
{
    events = wanted;
}

void kws_pipeline_reset(void)
{
    kws_listener_reset(&listener);
    frontend_us = 0;
    invoke_us = 0;
    inferences = 0;
    failed_invokes = 0;
}

void kws_pipeline_feed(const int16_t *samples, size_t count)
{
    const uint32_t began_us = kws_port_micros();
    away_us = 0;
    kws_listener_feed(&listener, samples, count);
    frontend_us += kws_port_micros() - began_us - away_us;
}

kws_pipeline_figures kws_pipeline_read_figures(void)
{
    const kws_pipeline_figures figures = {
        .time_ms = kws_listener_time_ms(&listener),
        .frames = listener.frames,
        .features_crc32 = listener.features_crc32,
        .frontend_us = frontend_us,
        .inferences = inferences,
        .invoke_us = invoke_us,
        .failed_invokes = failed_invokes,
    };
    return figures;
}
