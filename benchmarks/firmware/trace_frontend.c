/* SPDX-License-Identifier: Apache-2.0 */
/* Fifty frames of noise through the front-end and nothing else, for QEMU's trace of every instruction. */
#include "kws_frontend.h"
#include "machine.h"

#define WINDOW_SAMPLES 480
#define STRIDE_SAMPLES 320
#define N_MELS 40
#define FRAMES 50

static uint32_t memory[KWS_FRONTEND_MEMORY_WORDS(WINDOW_SAMPLES, N_MELS)];
static int16_t samples[STRIDE_SAMPLES];

static void fill_samples(uint32_t *state)
{
    for (int i = 0; i < STRIDE_SAMPLES; ++i) {
        *state = *state * 1664525u + 1013904223u;
        samples[i] = (int16_t)((int32_t)*state >> 18);
    }
}

int main(void)
{
    static uint16_t features[N_MELS];
    kws_frontend frontend;
    uint32_t state = 1;
    kws_frontend_init(&frontend, &kws_frontend_default, memory);
    for (int frames = 0; frames < FRAMES;) {
        fill_samples(&state);
        for (size_t taken = 0; taken < STRIDE_SAMPLES;) {
            bool is_frame;
            taken += kws_frontend_feed(&frontend, samples + taken, STRIDE_SAMPLES - taken, features, &is_frame);
            frames += is_frame;
        }
    }
    machine_exit();
}
