/* SPDX-License-Identifier: Apache-2.0 */
/* The listener with the engine as its model, and the time that each takes. There is one instance. */
#ifndef KWS_PIPELINE_H
#define KWS_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include "kws_detector.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Callbacks, each may be NULL. Their time does not count as the pipeline's. */
typedef struct {
    void (*on_inference)(uint32_t time_ms, const int8_t *scores); /* [KWS_N_LABELS] */
    void (*on_detection)(const kws_detection *detection);
    void (*on_levels)(uint32_t time_ms, const uint8_t *levels); /* [KWS_N_LABELS], as kws_detector_levels() */
    void (*on_frame)(uint32_t time_ms, const int8_t *frame);    /* [KWS_N_MELS] features; may be NULL */
} kws_pipeline_events;

/* Everything since the last reset. */
typedef struct {
    uint32_t time_ms;
    uint32_t frames;
    uint32_t features_crc32;
    uint32_t frontend_us;
    uint32_t inferences;
    uint32_t invoke_us;
    uint32_t failed_invokes;
} kws_pipeline_figures;

/* Prepares engine and listener. Returns NULL if they are ready, otherwise what is wrong, in words. */
const char *kws_pipeline_init(void);

/* What levels are compared with: [KWS_N_LABELS]. Valid once kws_pipeline_init() was called. */
const uint8_t *kws_pipeline_thresholds(void);

/* Sets the callbacks; call it before the first samples. */
void kws_pipeline_tell(kws_pipeline_events events);

/* Starts again, as after power-on. */
void kws_pipeline_reset(void);

/* Takes samples, 16 kHz mono, in pieces of any size. */
void kws_pipeline_feed(const int16_t *samples, size_t count);

kws_pipeline_figures kws_pipeline_read_figures(void);

#ifdef __cplusplus
}
#endif
#endif
