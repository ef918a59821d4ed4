/* SPDX-License-Identifier: Apache-2.0 */
/* The least product over noise: tells the instructions of a frame, all that listening does, once the first window is
 * full; the deepest stack of all of it; and a checksum of all scores.
 */
#include "kws_crc32.h"
#include "listening.h"
#include "measuring.h"

#define STRIDE_SAMPLES 320
#define FRAMES (20 * INFERENCE_FRAMES)

static uint32_t state = 1;
static uint32_t scores_crc32;
static int16_t samples[STRIDE_SAMPLES];

static void add_scores(void *context, uint32_t time_ms, const int8_t *scores)
{
    (void)context;
    (void)time_ms;
    scores_crc32 = kws_crc32(scores_crc32, scores, N_LABELS);
}

static const kws_listener_config config = LISTENING_CONFIG(add_scores, NULL);

static void fill_samples(void)
{
    for (int i = 0; i < STRIDE_SAMPLES; ++i) {
        state = state * 1664525u + 1013904223u;
        samples[i] = (int16_t)((int32_t)state >> 18);
    }
}

int main(void)
{
    const uint32_t of_measuring = measuring_begin();
    uint32_t sum = 0;
    kws_listener_init(&listener, &config, kws_model_input(), memory);
    measuring_paint_stack();
    while (listener.frames < N_FRAMES + FRAMES) {
        fill_samples();
        const bool is_full = listener.frames >= N_FRAMES;
        const uint32_t began = machine_now();
        kws_listener_feed(&listener, samples, STRIDE_SAMPLES);
        sum += is_full ? machine_instructions_since(began) - of_measuring : 0;
    }
    measuring_tell("frame", (sum + FRAMES / 2) / FRAMES);
    measuring_tell("stack", measuring_deepest_stack());
    measuring_tell("crc", scores_crc32);
    machine_exit();
}
