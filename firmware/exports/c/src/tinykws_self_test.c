/* SPDX-License-Identifier: Apache-2.0 */
/* A file of its own, so that a program which does not test itself does not have it. */
#include "tinykws.h"

#include <stdbool.h>
#include <string.h>

#include "kws/kws_golden_signal.h"
#include "kws/kws_settings.h"

#ifdef KWS_SELF_TEST_SEED

/* One model input: the model runs once, at the end. Of a model that keeps state, several. */
#ifndef KWS_SELF_TEST_INFERENCES
#define KWS_SELF_TEST_INFERENCES 1
#endif
#define CLIP_FRAMES (KWS_N_FRAMES + (KWS_SELF_TEST_INFERENCES - 1) * KWS_INFERENCE_STRIDE)
#define CLIP_SAMPLES ((KWS_WINDOW_MS + (CLIP_FRAMES - 1) * KWS_STRIDE_MS) * (KWS_SAMPLE_RATE_HZ / 1000))
#define LARGEST_BLOCK 256

typedef struct {
    int8_t scores[KWS_N_LABELS];
    uint32_t inferences;
} outcome;

static const int8_t expected_scores[KWS_N_LABELS] = KWS_SELF_TEST_SCORES;

static void keep_scores(void *context, uint32_t time_ms, const int8_t *scores, const uint8_t *levels)
{
    outcome *kept = (outcome *)context;
    (void)time_ms;
    (void)levels;
    memcpy(kept->scores, scores, sizeof kept->scores);
    ++kept->inferences;
}

/* In blocks of 1, 2, 3 … samples: their size must not matter. */
static void feed_golden_clip(tinykws *kws)
{
    int16_t samples[LARGEST_BLOCK];
    kws_golden_signal signal;
    size_t block = 0;
    kws_golden_signal_begin(&signal, KWS_SELF_TEST_SEED);
    for (size_t left = CLIP_SAMPLES; left > 0;) {
        block = block % LARGEST_BLOCK + 1;
        const size_t count = left < block ? left : block;
        kws_golden_signal_next(&signal, samples, count);
        tinykws_feed(kws, samples, count);
        left -= count;
    }
}

const char *tinykws_self_test(void *memory, size_t bytes, tinykws_golden *result)
{
    outcome kept;
    tinykws *kws = tinykws_init(memory, bytes, NULL, &kept);
    if (kws == NULL) {
        return "memory";
    }
    memset(&kept, 0, sizeof kept);
    tinykws_tell_inferences(kws, keep_scores);
    feed_golden_clip(kws);
    if (result != NULL) {
        result->features_crc32 = tinykws_features_crc32(kws);
        memcpy(result->scores, kept.scores, sizeof result->scores);
    }
    if (tinykws_features_crc32(kws) != KWS_SELF_TEST_FEATURES_CRC) {
        return "features";
    }
    return kept.inferences == 1 && memcmp(kept.scores, expected_scores, sizeof expected_scores) == 0 ? NULL : "scores";
}

#else

const char *tinykws_self_test(void *memory, size_t bytes, tinykws_golden *result)
{
    (void)memory;
    (void)bytes;
    (void)result;
    return "none";
}

#endif
