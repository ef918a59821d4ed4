/* SPDX-License-Identifier: Apache-2.0 */
/* An engine for tests of the application: its scores are sums over the features, so that a wrong feature shows, and the
 * first word's score follows loudness, so that something is heard.
 *
 * With KEEPS_ROWS it looks at the newest frames only and keeps the sums of older ones, as an engine in streaming mode does. A
 * kept sum that is not that of the frame in the model input spoils the scores.
 */
#include "kws_engine.h"
#include "kws_settings.h"

static int8_t input[KWS_N_FRAMES * KWS_N_MELS];
static int8_t output[KWS_N_LABELS];

const char *const kws_engine_name = "summing";
#ifdef KEEPS_ROWS
const bool kws_engine_keeps_rows = true;
static int32_t kept[KWS_N_FRAMES];
#else
const bool kws_engine_keeps_rows = false;
#endif

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

void kws_engine_reset(void)
{
}

int8_t *kws_engine_input(void)
{
    return input;
}

static int32_t frame_sum(int frame)
{
    int32_t sum = 0;
    for (int i = 0; i < KWS_N_MELS; ++i) {
        sum += input[frame * KWS_N_MELS + i];
    }
    return sum;
}

#ifdef KEEPS_ROWS
static int32_t sum_of_features(void)
{
    int32_t sum = 0;
    for (int frame = 0; frame < KWS_N_FRAMES; ++frame) {
        const bool is_new = frame >= KWS_N_FRAMES - KWS_INFERENCE_STRIDE;
        kept[frame] = is_new ? frame_sum(frame) : kept[frame + KWS_INFERENCE_STRIDE];
        sum += kept[frame] == frame_sum(frame) ? kept[frame] : 1234567;
    }
    return sum;
}
#else
static int32_t sum_of_features(void)
{
    int32_t sum = 0;
    for (int frame = 0; frame < KWS_N_FRAMES; ++frame) {
        sum += frame_sum(frame);
    }
    return sum;
}
#endif

bool kws_engine_invoke(void)
{
    const int32_t sum = sum_of_features();
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
