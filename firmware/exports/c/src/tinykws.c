/* SPDX-License-Identifier: Apache-2.0 */
#include "tinykws.h"

#include <stdbool.h>
#include <string.h>

#include "kws/kws_detector_settings.h"
#include "kws/kws_listener.h"
#include "kws/kws_settings.h"
#include "kws/model_aot.h"

#if KWS_MODEL_INPUT_BYTES != KWS_N_FRAMES * KWS_N_MELS || KWS_MODEL_OUTPUT_BYTES != KWS_N_LABELS
#error "model_aot.c was made for another front-end or other words: export again"
#endif
#if KWS_MODEL_INFERENCE_STRIDE != 0 && KWS_MODEL_INFERENCE_STRIDE != KWS_INFERENCE_STRIDE
#error "model_aot.c was made for another number of frames from one inference to the next: export again"
#endif

/* Of the model's memory, as the planner of its buffers wants it. */
#define ALIGNMENT 16

struct tinykws {
    kws_model_memory model;
    uint32_t memory[KWS_LISTENER_WORDS];
    kws_listener listener;
    kws_listener_config config;
    tinykws_on_word on_word;
    tinykws_on_inference on_inference;
    void *context;
};

/* An array type of a negative size is an error. */
typedef char tinykws_memory_bytes_are_too_few[sizeof(tinykws) + ALIGNMENT - 1 <= TINYKWS_MEMORY_BYTES ? 1 : -1];

static bool infer(void *context, const int8_t *features, int8_t *scores)
{
    tinykws *kws = (tinykws *)context;
    (void)features; /* the model's input */
    kws_model_invoke(&kws->model);
    memcpy(scores, kws_model_output(&kws->model), KWS_N_LABELS);
    return true;
}

/* Only for a model that keeps rows from one inference to the next. */
static void get_ready(void *context)
{
    kws_model_invoke(&((tinykws *)context)->model);
}

/* For a model that keeps state. */
static void forget(void *context)
{
#ifdef KWS_MODEL_STATE_BYTES
    kws_model_reset(&((tinykws *)context)->model);
#else
    (void)context;
#endif
}

static void tell_detection(void *context, const kws_detection *detection)
{
    const tinykws *kws = (const tinykws *)context;
    tinykws_detection heard;
    heard.word = kws_labels[detection->label];
    heard.time_ms = detection->time_ms;
    heard.label = detection->label;
    heard.score = detection->score;
    if (kws->on_word != NULL) {
        kws->on_word(kws->context, &heard);
    }
}

static void tell_levels(void *context, uint32_t time_ms, const uint8_t *levels)
{
    const tinykws *kws = (const tinykws *)context;
    if (kws->on_inference != NULL) {
        kws->on_inference(kws->context, time_ms, kws->listener.scores, levels);
    }
}

static kws_listener_config config_of(tinykws *kws)
{
    const kws_listener_config config = {
        KWS_LISTENER_SETTINGS,
        .infer = infer,
        .get_ready = KWS_MODEL_INFERENCE_STRIDE != 0 ? get_ready : NULL,
        .on_reset = forget,
        .on_detection = tell_detection,
        .on_levels = tell_levels,
        .context = kws,
    };
    return config;
}

tinykws *tinykws_init(void *memory, size_t bytes, tinykws_on_word on_word, void *context)
{
    tinykws *kws;
    if (memory == NULL || bytes < TINYKWS_MEMORY_BYTES) {
        return NULL;
    }
    kws = (tinykws *)(((uintptr_t)memory + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    memset(kws, 0, sizeof *kws);
    kws->on_word = on_word;
    kws->context = context;
    kws->config = config_of(kws);
    kws_listener_init(&kws->listener, &kws->config, kws_model_input(&kws->model), kws->memory);
    return kws;
}

void tinykws_tell_inferences(tinykws *kws, tinykws_on_inference on_inference)
{
    kws->on_inference = on_inference;
}

void tinykws_feed(tinykws *kws, const int16_t *samples, size_t count)
{
    kws_listener_feed(&kws->listener, samples, count);
}

void tinykws_reset(tinykws *kws)
{
    kws_listener_reset(&kws->listener);
}

uint32_t tinykws_time_ms(const tinykws *kws)
{
    return kws_listener_time_ms(&kws->listener);
}

uint32_t tinykws_features_crc32(const tinykws *kws)
{
    return kws->listener.features_crc32;
}

const char *tinykws_word(uint16_t label)
{
    return label < KWS_N_LABELS ? kws_labels[label] : NULL;
}

const char *tinykws_version(void)
{
    return TINYKWS_VERSION;
}

const char *tinykws_identity(void)
{
    return TINYKWS_IDENTITY;
}
