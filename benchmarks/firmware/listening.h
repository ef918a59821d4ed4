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

#define LISTENING_CONFIG(on_inference, on_detection) \
    { \
        &kws_frontend_default, \
        {N_LABELS, HISTORY, AVERAGE_MS, 3, 1500, thresholds, NULL, kws_recognize_commands}, \
        N_FRAMES, INFERENCE_FRAMES, infer, get_ready, on_inference, on_detection, NULL, NULL, \
    }

#endif
