/* SPDX-License-Identifier: Apache-2.0 */
/* Listening to a quiet room, and to what wakes the model: instructions of a frame in the quiet, and the most of one frame
 * after it. GATE_RATIO 0: the model always runs.
 */
#include "listening.h"
#include "measuring.h"

#define STRIDE_SAMPLES 320
#define QUIET_FRAMES (40 * INFERENCE_FRAMES)
#define LOUD_FRAMES (4 * INFERENCE_FRAMES)

static uint32_t state = 1;
static int16_t samples[STRIDE_SAMPLES];
static kws_listener_config config = LISTENING_CONFIG(NULL, NULL);

static void fill_samples(int shift)
{
    for (int i = 0; i < STRIDE_SAMPLES; ++i) {
        state = state * 1664525u + 1013904223u;
        samples[i] = (int16_t)((int32_t)state >> shift);
    }
}

static uint32_t feed(int shift)
{
    fill_samples(shift);
    const uint32_t began = machine_now();
    kws_listener_feed(&listener, samples, STRIDE_SAMPLES);
    return machine_instructions_since(began);
}

int main(void)
{
    const uint32_t of_measuring = measuring_begin();
    uint32_t sum = 0;
    uint32_t most = 0;
    config.gate_ratio = GATE_RATIO;
    config.gate = GATE_RATIO > 0 ? kws_sleep_while_quiet : NULL;
    kws_listener_init(&listener, &config, kws_model_input(), memory);
    while (listener.frames < 3 * N_FRAMES) {
        feed(26);
    }
    for (int i = 0; i < QUIET_FRAMES; ++i) {
        sum += feed(26) - of_measuring;
    }
    for (int i = 0; i < LOUD_FRAMES; ++i) {
        const uint32_t count = feed(18) - of_measuring;
        most = count > most ? count : most;
    }
    measuring_tell("quiet", (sum + QUIET_FRAMES / 2) / QUIET_FRAMES);
    measuring_tell("waking", most);
    machine_exit();
}
