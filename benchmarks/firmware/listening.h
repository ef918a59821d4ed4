/* SPDX-License-Identifier: Apache-2.0 */
/* The least product: front-end, model and detector, without serial protocol, clips and text. */
#ifndef LISTENING_H
#define LISTENING_H

#include <string.h>

#include "kws_listener.h"
#include "listening_detector.h" /* the default detector, as programs.py writes it */
#include "machine.h"
#include "model_aot.h"

#define WINDOW_SAMPLES 480
#define N_MELS 40
#define N_FRAMES (KWS_MODEL_INPUT_BYTES / N_MELS)
#define N_LABELS KWS_MODEL_OUTPUT_BYTES
#define INFERENCE_FRAMES (KWS_MODEL_INFERENCE_STRIDE > 0 ? KWS_MODEL_INFERENCE_STRIDE : 5)
#define HISTORY DETECTOR_TAPS

#if DETECTOR_INFERENCE_FRAMES != INFERENCE_FRAMES
#error "listening_detector.h is of another inference stride"
#endif

static bool infer(void *context, const int8_t *features, int8_t *scores)
{
    (void)context;
    (void)features; /* the model's input */
    kws_model_invoke();
    memcpy(scores, kws_model_output(), N_LABELS);
    return true;
}

static uint8_t thresholds[N_LABELS];
static const int8_t filter_weights[] = DETECTOR_WEIGHTS;
static const kws_score_filter filter = {
    .weights = filter_weights,
    .bias = DETECTOR_BIAS,
    .taps = DETECTOR_TAPS,
    .shift = DETECTOR_SHIFT,
};

static void get_ready(void *context)
{
    (void)context;
    memset(thresholds, DETECTOR_THRESHOLD, sizeof thresholds);
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
                     .average_window_ms = DETECTOR_WINDOW_MS, \
                     .minimum_count = DETECTOR_MINIMUM_COUNT, \
                     .suppression_ms = DETECTOR_SUPPRESSION_MS, \
                     .thresholds = thresholds, \
                     .filter = &filter, \
                     .rule = kws_temporal_filter}, \
        .n_frames = N_FRAMES, \
        .inference_stride = INFERENCE_FRAMES, \
        .infer = infer, \
        .get_ready = get_ready, \
        .on_inference = inference_callback, \
        .on_detection = detection_callback, \
    }

#endif
