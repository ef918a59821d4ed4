/* SPDX-License-Identifier: Apache-2.0 */
/* The least product: front-end, model and detector, without serial protocol, clips and text. */
#ifndef LISTENING_H
#define LISTENING_H

#include <string.h>

#include "kws_listener.h"
#include "machine.h"
#include "model_aot.h"

#define WINDOW_SAMPLES 480
#define N_MELS 40
#define N_FRAMES (KWS_MODEL_INPUT_BYTES / N_MELS)
#define N_LABELS KWS_MODEL_OUTPUT_BYTES
#define INFERENCE_FRAMES (KWS_MODEL_INFERENCE_STRIDE > 0 ? KWS_MODEL_INFERENCE_STRIDE : 5)
#define AVERAGE_MS 1000
#define HISTORY KWS_DETECTOR_HISTORY(AVERAGE_MS, INFERENCE_FRAMES * 20)

static bool infer(void *context, const int8_t *features, int8_t *scores)
{
    (void)context;
    (void)features; /* the model's input */
    kws_model_invoke();
    memcpy(scores, kws_model_output(), N_LABELS);
    return true;
}

static uint8_t thresholds[N_LABELS];

static void get_ready(void *context)
{
    (void)context;
    memset(thresholds, 200, sizeof thresholds);
    if (KWS_MODEL_INFERENCE_STRIDE != 0) {
        kws_model_invoke();
    }
}

static uint32_t memory[KWS_LISTENER_MEMORY_WORDS(WINDOW_SAMPLES, N_MELS, HISTORY, N_LABELS)];
static kws_listener listener;

#define LISTENING_CONFIG(inference_callback, detection_callback) \
    { \
        .frontend = &kws_frontend_default, \
        .detector = {.n_labels = N_LABELS, \
                     .history = HISTORY, \
                     .average_window_ms = AVERAGE_MS, \
                     .minimum_count = 3, \
                     .suppression_ms = 1500, \
                     .thresholds = thresholds, \
                     .rule = kws_recognize_commands}, \
        .n_frames = N_FRAMES, \
        .inference_stride = INFERENCE_FRAMES, \
        .infer = infer, \
        .get_ready = get_ready, \
        .on_inference = inference_callback, \
        .on_detection = detection_callback, \
    }

#endif
