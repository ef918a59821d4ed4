/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of samples between one writer (an interrupt, or a task) and one reader (the main loop), without locks.
 *
 *     static int16_t memory[4096];                      // a power of two
 *     static kws_sample_ring ring = {.samples = memory, .capacity = 4096};
 *
 * The writer calls only kws_sample_ring_put, the reader only kws_sample_ring_take. Either may run on another core.
 */
#ifndef KWS_SAMPLE_RING_H
#define KWS_SAMPLE_RING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int16_t *samples;  /* [capacity], the caller's */
    uint32_t capacity; /* a power of two */
    uint32_t put;      /* samples ever written, wrapping */
    uint32_t taken;    /* samples ever read, wrapping */
    uint32_t overruns; /* blocks that did not fit and were dropped whole */
} kws_sample_ring;

/* Writes `count` samples, or none of them where they do not fit: that counts as one overrun. */
void kws_sample_ring_put(kws_sample_ring *ring, const int16_t *samples, size_t count);

/* Reads up to `capacity` samples; returns how many. */
size_t kws_sample_ring_take(kws_sample_ring *ring, int16_t *samples, size_t capacity);

/* Samples to be read; for the reader. */
size_t kws_sample_ring_waiting(const kws_sample_ring *ring);

/* Blocks dropped since start; for the reader. */
uint32_t kws_sample_ring_overruns(const kws_sample_ring *ring);

#ifdef __cplusplus
}
#endif
#endif
