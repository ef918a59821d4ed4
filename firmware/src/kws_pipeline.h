/* SPDX-License-Identifier: Apache-2.0 */
/* The listener with the engine in its middle, and a stop-watch on both. There is one. */
#ifndef KWS_PIPELINE_H
#define KWS_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include "kws_detector.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Who is told what the pipeline finds. Their time does not count as the pipeline's. NULL: nobody. */
typedef struct {
    void (*on_inference)(uint32_t time_ms, const int8_t *scores); /* [KWS_N_LABELS] */
    void (*on_detection)(const kws_detection *detection);
    void (*on_frame)(uint32_t time_ms, const int8_t *frame); /* [KWS_N_MELS] features; may be NULL */
} kws_pipeline_events;

/* All since the last reset. */
typedef struct {
    uint32_t time_ms;
    uint32_t frames;
    uint32_t features_crc32;
    uint32_t frontend_us;
    uint32_t inferences;
    uint32_t invoke_us;
    uint32_t failed_invokes;
} kws_pipeline_figures;

/* Prepares engine and listener. Returns NULL when they are ready, else what is wrong, in words. */
const char *kws_pipeline_init(void);

/* Whom to tell from now on; call it before anything is fed. */
void kws_pipeline_tell(kws_pipeline_events events);

/* Starts anew, as if just switched on. */
void kws_pipeline_reset(void);

/* Takes samples, 16 kHz mono, in pieces of any size. */
void kws_pipeline_feed(const int16_t *samples, size_t count);

kws_pipeline_figures kws_pipeline_read_figures(void);

#ifdef __cplusplus
}
#endif
#endif
