/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kws_listener.h"

/* Moves the oldest frame to the end of the model input. */
static void rotate(kws_listener *listener)
{
    const size_t n_mels = listener->config->frontend->n_mels;
    const size_t others = (size_t)(listener->config->n_frames - 1) * n_mels;
    int8_t oldest[KWS_MAX_MELS];
    memcpy(oldest, listener->features, n_mels);
    memmove(listener->features, listener->features + n_mels, others);
    memcpy(listener->features + others, oldest, n_mels);
}

/* Puts the frames through the model input again, oldest first, as if it filled after a reset; then it is as it was. */
static void wake(kws_listener *listener)
{
    const kws_listener_config *config = listener->config;
    uint16_t left = (uint16_t)((config->n_frames - 1) % config->inference_stride + 1);
    if (config->get_ready == NULL) {
        return;
    }
    for (uint16_t frame = 1; frame <= config->n_frames; ++frame) {
        rotate(listener);
        if (--left == 0 && frame < config->n_frames) {
            left = config->inference_stride;
            config->get_ready(config->context);
        }
    }
}

static void fill_silence(kws_listener *listener)
{
    memset(listener->scores, INT8_MIN, listener->config->detector.n_labels);
    listener->scores[KWS_SILENCE_LABEL] = INT8_MAX;
}

static void begin(kws_listener *listener)
{
    const kws_gate fresh = {0, 0, false};
    listener->gate = fresh;
    listener->frontend.measure = kws_loudness;
}

/* Whether the inference that is due is left out. */
static bool sleeps(kws_listener *listener)
{
    const bool slept = listener->slept;
    listener->slept = listener->gate.quiet >= listener->config->n_frames;
    if (listener->slept) {
        fill_silence(listener);
    } else if (slept) {
        wake(listener);
    }
    return listener->slept;
}

bool kws_sleep_while_quiet(kws_listener *listener, kws_gate_event event)
{
    switch (event) {
    case KWS_GATE_BEGIN:
        begin(listener);
        break;
    case KWS_GATE_FRAME:
        kws_gate_step(&listener->gate, listener->config->gate_ratio, listener->frontend.loudness);
        break;
    case KWS_GATE_DUE:
        return sleeps(listener);
    }
    return false;
}
