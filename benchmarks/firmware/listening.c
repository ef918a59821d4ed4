/* The least product: samples from a port through front-end, model and detector; each word heard goes out as one byte.
 * No serial protocol, no clips, no text. Its size is the row "front-end + model + detector".
 */
#include <string.h>

#include "kws_listener.h"
#include "machine.h"
#include "model_aot.h"

#define WINDOW_SAMPLES 480
#define N_MELS 40
#define N_FRAMES (KWS_MODEL_INPUT_BYTES / N_MELS)
#define N_LABELS KWS_MODEL_OUTPUT_BYTES
#define INFERENCE_FRAMES 5
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

static void get_ready(void *context)
{
    (void)context;
    if (KWS_MODEL_HOP_FRAMES != 0) {
        kws_model_invoke();
    }
}

static void tell_detection(void *context, const kws_detection *detection)
{
    (void)context;
    MACHINE_PORT = (uint8_t)detection->label;
}

static const kws_listener_config config = {
    &kws_frontend_default, {N_LABELS, HISTORY, AVERAGE_MS, 200, 1500, 3}, N_FRAMES, INFERENCE_FRAMES, infer,
    get_ready,             NULL, tell_detection, NULL, NULL,
};
static uint32_t memory[KWS_LISTENER_MEMORY_WORDS(WINDOW_SAMPLES, N_MELS, HISTORY, N_LABELS)];

int main(void)
{
    static kws_listener listener;
    kws_listener_init(&listener, &config, kws_model_input(), memory);
    for (;;) {
        const int16_t sample = (int16_t)MACHINE_PORT;
        kws_listener_feed(&listener, &sample, 1);
    }
}
