/* SPDX-License-Identifier: Apache-2.0 */
/* The whole pipeline between microphone and detections: front-end -> model input (int8 features) -> model -> detector.
 *
 * The device and the Python package run this same code. The first inference runs when the model input holds n_frames
 * frames, the next ones every inference_stride frames. The model input is the caller's memory, so that it can be the
 * engine's own input tensor and no copy is needed.
 *
 * With a gate, the model sleeps while no frame of the model input was loud (kws_gate.h). Features and detector go on: the
 * detector gets scores of certain silence instead. So no word loses its beginning: when the first loud frame comes, the
 * whole model input is there, and the next inference is of it.
 *
 *     static int8_t model_input[n_frames * n_mels];
 *     static uint32_t memory[KWS_LISTENER_MEMORY_WORDS(window_samples, n_mels, history, n_labels)];
 *     kws_listener_init(&listener, &config, model_input, memory);
 *     kws_listener_feed(&listener, samples, count);   // calls infer, on_inference, on_detection when they are due
 */
#ifndef KWS_LISTENER_H
#define KWS_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kws_detector.h"
#include "kws_frontend.h"
#include "kws_gate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kws_listener kws_listener;

/* A gate is called at a reset, after each frame, and when an inference is due: then it returns whether that is left out, with
 * the scores filled. */
typedef enum { KWS_GATE_BEGIN, KWS_GATE_FRAME, KWS_GATE_DUE } kws_gate_event;
typedef bool (*kws_listener_gate)(kws_listener *listener, kws_gate_event event);

bool kws_sleep_while_quiet(kws_listener *listener, kws_gate_event event);

typedef struct {
    const kws_frontend_config *frontend;
    kws_detector_config detector;
    uint16_t n_frames;         /* feature frames the model looks at */
    uint16_t inference_stride; /* frames from one inference to the next */
    uint16_t gate_ratio;       /* of a loud frame to the noise floor, in 256ths; only with a gate */
    kws_listener_gate gate;    /* kws_sleep_while_quiet, or NULL: then the linker leaves it out */

    /* Runs the model on features [n_frames, n_mels] and fills scores [n_labels]. If it returns false, this inference
     * is skipped: neither on_inference nor the detector sees it. */
    bool (*infer)(void *context, const int8_t *features, int8_t *scores);
    /* Called instead of infer while the first model input since reset fills, every inference_stride frames, so that the
     * first inference is one stride after the last call; may be NULL. For models that keep results from one inference to
     * the next. After a sleep it is called as often in a row, while the features are put through the model input again. */
    void (*get_ready)(void *context);
    /* Called at every reset, the first in kws_listener_init() included; may be NULL. For models that keep state: they
     * forget what they heard. Such a model's inference stride is the length of its input. */
    void (*on_reset)(void *context);
    /* Called after every inference, and for each that the gate left out, with scores of certain silence; may be NULL.
     * time_ms: see kws_listener_time_ms(). */
    void (*on_inference)(void *context, uint32_t time_ms, const int8_t *scores);
    /* Called for every detection, after on_inference of the same time; may be NULL. */
    void (*on_detection)(void *context, const kws_detection *detection);
    /* Called after every inference, when the detector has seen it and all else was told: its levels [n_labels], see
     * kws_detector_levels(); may be NULL. */
    void (*on_levels)(void *context, uint32_t time_ms, const uint8_t *levels);
    /* Told of every frame of features [n_mels], before the model is asked; may be NULL. */
    void (*on_frame)(void *context, uint32_t time_ms, const int8_t *frame);
    void *context; /* handed to them all */
} kws_listener_config;

struct kws_listener {
    const kws_listener_config *config;
    kws_frontend frontend;
    kws_detector detector;
    uint16_t *frame;  /* [n_mels] the newest features, before quantisation */
    int8_t *features; /* [n_frames, n_mels] the newest frames, oldest first; frames from before the reset are ignored */
    int8_t *scores;   /* [n_labels] */
    uint32_t frames;  /* since reset */
    uint16_t frames_left; /* to the next inference */
    kws_gate gate;
    bool slept;              /* whether the gate left out the newest inference */
    uint32_t features_crc32; /* of all int8 features since reset, frame by frame */
};

/* 32-bit words of memory that kws_listener_init() wants. */
#define KWS_LISTENER_MEMORY_WORDS(window_samples, n_mels, history, n_labels) \
    (KWS_FRONTEND_MEMORY_WORDS(window_samples, n_mels) + KWS_DETECTOR_MEMORY_WORDS(history, n_labels) + \
     ((n_mels) + 1) / 2 + ((n_labels) + 3) / 4)

/* Prepares a listener on the caller's memory, which belongs to it from now on, as do the features [n_frames, n_mels]:
 * nobody else may write there. config must outlive the listener. */
void kws_listener_init(kws_listener *listener, const kws_listener_config *config, int8_t *features, uint32_t *memory);

/* Starts from scratch: forgets samples, noise estimate, features, scores, and counts time from 0. */
void kws_listener_reset(kws_listener *listener);

/* Takes `count` samples, in pieces of any size. */
void kws_listener_feed(kws_listener *listener, const int16_t *samples, size_t count);

/* Milliseconds of sound up to the end of the newest frame's window, since reset; 0 before the first frame. */
uint32_t kws_listener_time_ms(const kws_listener *listener);

#ifdef __cplusplus
}
#endif
#endif
