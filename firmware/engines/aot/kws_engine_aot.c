/* SPDX-License-Identifier: Apache-2.0 */
/* The engine whose model is C: model_aot.c, written by tinykws from the .tflite. */
#include "kws_engine.h"
#include "kws_settings.h"
#include "model_aot.h"

#if KWS_MODEL_INPUT_BYTES != KWS_N_FRAMES * KWS_N_MELS
#error "the model's input is not the front-end's output: run tinykws generate"
#endif
#if KWS_MODEL_OUTPUT_BYTES != KWS_N_LABELS
#error "the model's outputs are not the labels: run tinykws generate"
#endif
#if KWS_MODEL_INFERENCE_STRIDE != 0 && KWS_MODEL_INFERENCE_STRIDE != KWS_INFERENCE_STRIDE
#error "model_aot.c was made for another number of frames from one inference to the next: run tinykws generate"
#endif
#if defined KWS_MODEL_STATE_BYTES && KWS_INFERENCE_STRIDE != KWS_N_FRAMES
#error "a model that keeps state must get each frame once: run tinykws generate"
#endif

/* In model_aot.c, with the weights. */
extern const char kws_model_id[];
extern const char kws_model_hash[];

const char *const kws_engine_name = "aot";
const bool kws_engine_keeps_rows = KWS_MODEL_INFERENCE_STRIDE != 0;

const char *kws_engine_model_id(void)
{
    return kws_model_id;
}

const char *kws_engine_model_hash(void)
{
    return kws_model_hash;
}

const char *kws_engine_init(void)
{
    return NULL;
}

int8_t *kws_engine_input(void)
{
    return kws_model_input();
}

void kws_engine_reset(void)
{
#ifdef KWS_MODEL_STATE_BYTES
    kws_model_reset();
#endif
}

bool kws_engine_invoke(void)
{
    kws_model_invoke();
    return true;
}

const int8_t *kws_engine_output(void)
{
    return kws_model_output();
}

size_t kws_engine_arena_used_bytes(void)
{
    return KWS_MODEL_ARENA_BYTES;
}
