/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_self_test.h"

#include "kws_model.h"
#include "kws_settings.h"

static const char *result = "none";

#if defined KWS_SELF_TEST_SEED || defined KWS_MODEL_SLOT_BYTES

#include <string.h>

#include "kws_golden_signal.h"
#include "kws_pipeline.h"

/* One model input: the model runs once, at the end. Of a model that keeps state, several. */
#ifndef KWS_SELF_TEST_INFERENCES
#define KWS_SELF_TEST_INFERENCES 1
#endif
#define CLIP_FRAMES (KWS_N_FRAMES + (KWS_SELF_TEST_INFERENCES - 1) * KWS_INFERENCE_STRIDE)
#define CLIP_SAMPLES ((KWS_WINDOW_MS + (CLIP_FRAMES - 1) * KWS_STRIDE_MS) * (KWS_SAMPLE_RATE_HZ / 1000))
#define CHUNK_SAMPLES 160

static bool scores_are_right;

static void compare_scores(uint32_t time_ms, const int8_t *scores)
{
    (void)time_ms;
    scores_are_right = memcmp(scores, kws_model_in_use()->golden_scores, KWS_N_LABELS) == 0;
}

static void feed_golden_clip(void)
{
    int16_t samples[CHUNK_SAMPLES];
    kws_golden_signal signal;
    kws_golden_signal_begin(&signal, kws_model_in_use()->golden_seed);
    for (size_t left = CLIP_SAMPLES; left > 0;) {
        const size_t count = left < CHUNK_SAMPLES ? left : CHUNK_SAMPLES;
        kws_golden_signal_next(&signal, samples, count);
        kws_pipeline_feed(samples, count);
        left -= count;
    }
}

static const char *judge(const kws_pipeline_figures *figures)
{
    if (figures->features_crc32 != kws_model_in_use()->golden_features_crc) {
        return "features";
    }
    if (figures->inferences != KWS_SELF_TEST_INFERENCES) {
        return "engine";
    }
    return scores_are_right ? "ok" : "scores";
}

void kws_self_test_run(bool engine_runs)
{
    const kws_pipeline_events events = {.on_inference = compare_scores};
    if (!engine_runs) {
        result = "engine";
        return;
    }
    if (kws_model_in_use()->golden_scores == NULL) {
        return;
    }
    scores_are_right = false;
    kws_pipeline_tell(events);
    kws_pipeline_reset();
    feed_golden_clip();
    const kws_pipeline_figures figures = kws_pipeline_read_figures();
    result = judge(&figures);
    kws_pipeline_reset();
}

#else

void kws_self_test_run(bool engine_runs)
{
    (void)engine_runs;
}

#endif

const char *kws_self_test_result(void)
{
    return result;
}
