/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of a stream of random frames through a model, one after the other: tells the instructions of an invoke, their
 * mean and the most, once the first window is full, and a checksum of all outputs. N_FRAMES: frames of a window.
 */
#include <string.h>

#include "kws_crc32.h"
#include "measuring.h"
#include "model_aot.h"

#define STRIDE (KWS_MODEL_INFERENCE_STRIDE > 0 ? KWS_MODEL_INFERENCE_STRIDE : 1)
#define VALUES (KWS_MODEL_INPUT_BYTES / N_FRAMES)
#define WINDOWS 100

static uint32_t state = 1;

static void add_frame(void)
{
    int8_t *const window = kws_model_input();
    memmove(window, window + VALUES, KWS_MODEL_INPUT_BYTES - VALUES);
    for (int32_t i = KWS_MODEL_INPUT_BYTES - VALUES; i < KWS_MODEL_INPUT_BYTES; ++i) {
        state = state * 1664525u + 1013904223u;
        window[i] = (int8_t)(state >> 24);
    }
}

int main(void)
{
    const uint32_t of_measuring = measuring_begin();
    uint32_t sum = 0, most = 0, crc = 0;
    for (int32_t frame = 1; frame <= N_FRAMES + (WINDOWS - 1) * STRIDE; ++frame) {
        add_frame();
        if ((frame - N_FRAMES) % STRIDE != 0) {
            continue;
        }
        const uint32_t began = machine_now();
        kws_model_invoke();
        const uint32_t took = machine_instructions_since(began) - of_measuring;
        if (frame >= N_FRAMES) {
            sum += took;
            most = took > most ? took : most;
            crc = kws_crc32(crc, kws_model_output(), KWS_MODEL_OUTPUT_BYTES);
        }
    }
    measuring_tell("mean", (sum + WINDOWS / 2) / WINDOWS);
    measuring_tell("most", most);
    measuring_tell("crc", crc);
    machine_exit();
}
