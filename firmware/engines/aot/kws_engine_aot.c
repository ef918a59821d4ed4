/* The engine whose model is C: model_aot.c, written by tinykws from the .tflite. */
#include "kws_engine.h"
#include "model_aot.h"

const char *const kws_engine_name = "aot";

const char *kws_engine_init(void)
{
    return NULL;
}

int8_t *kws_engine_input(void)
{
    return kws_model_input();
}

int kws_engine_invoke(void)
{
    kws_model_invoke();
    return 0;
}

const int8_t *kws_engine_output(void)
{
    return kws_model_output();
}

size_t kws_engine_arena_used_bytes(void)
{
    return KWS_MODEL_ARENA_BYTES;
}
