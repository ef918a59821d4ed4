/* SPDX-License-Identifier: Apache-2.0 */
/* An engine for tests of the application: its scores are sums over the features, so that a wrong feature shows, and the
 * first word's score follows loudness, so that something is heard.
 */
#include "kws_engine.h"
#include "kws_settings.h"

static int8_t input[KWS_N_FRAMES * KWS_N_MELS];
static int8_t output[KWS_N_LABELS];

const char *const kws_engine_name = "summing";
const bool kws_engine_keeps_rows = false;

const char *kws_engine_model_id(void)
{
    return "0123456789ab";
}

const char *kws_engine_model_hash(void)
{
    return "89abcdef";
}

const char *kws_engine_init(void)
{
#ifdef BROKEN_ENGINE
    return "arena is too small";
#else
    return 0;
#endif
}

int8_t *kws_engine_input(void)
{
    return input;
}

bool kws_engine_invoke(void)
{
    int32_t sum = 0;
    for (int i = 0; i < KWS_N_FRAMES * KWS_N_MELS; ++i) {
        sum += input[i];
    }
    for (int i = 0; i < KWS_N_LABELS; ++i) {
        output[i] = (int8_t)((sum * (i + 1)) % 100 - 28);
    }
    output[KWS_FIRST_WORD] = (int8_t)(sum > 0 ? 127 : -128);
#ifdef FAILING_INVOKE
    return false;
#else
    return true;
#endif
}

const int8_t *kws_engine_output(void)
{
    return output;
}

size_t kws_engine_arena_used_bytes(void)
{
    return 1234;
}
