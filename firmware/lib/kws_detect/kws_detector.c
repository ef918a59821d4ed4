/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_detector.h"

#include <string.h>

#define SCORE_OFFSET 128

void kws_detector_init(kws_detector *detector, const kws_detector_config *config, uint32_t *memory)
{
    detector->config = config;
    detector->times_ms = memory;
    detector->sums = detector->times_ms + config->history;
    detector->heard_ms = detector->sums + config->n_labels;
    detector->scores = (int8_t *)(detector->heard_ms + config->n_labels);
    detector->levels = (uint8_t *)(detector->scores + (size_t)config->history * config->n_labels);
    kws_detector_reset(detector);
}

void kws_detector_reset(kws_detector *detector)
{
    for (size_t i = 0; i < detector->config->n_labels; ++i) {
        detector->heard_ms[i] = 0u - KWS_MAX_GRAMMAR_MS - 1u; /* so long ago that nothing is open */
    }
    memset(detector->levels, 0, detector->config->n_labels);
    kws_detector_forget(detector);
    detector->top_label = KWS_SILENCE_LABEL;
    detector->top_time_ms = 0u - detector->config->suppression_ms - 1u; /* so long ago that nothing is suppressed */
}

void kws_detector_forget(kws_detector *detector)
{
    memset(detector->sums, 0, detector->config->n_labels * sizeof detector->sums[0]);
    detector->oldest = 0;
    detector->count = 0;
    detector->quiet_ms = 0;
    detector->was_quiet = true;
}

static void forget_oldest(kws_detector *detector)
{
    const kws_detector_config *config = detector->config;
    const int8_t *scores = detector->scores + (size_t)detector->oldest * config->n_labels;
    for (size_t i = 0; i < config->n_labels; ++i) {
        detector->sums[i] -= (uint32_t)(scores[i] + SCORE_OFFSET);
    }
    detector->oldest = (uint16_t)((detector->oldest + 1u) % config->history);
    --detector->count;
}

static uint32_t age_of_oldest_ms(const kws_detector *detector, uint32_t time_ms)
{
    return time_ms - detector->times_ms[detector->oldest];
}

/* Drops scores that have left the smoothing window and adds the new ones. */
static void remember(kws_detector *detector, const int8_t *scores, uint32_t time_ms)
{
    const kws_detector_config *config = detector->config;
    while (detector->count > 0 &&
           (age_of_oldest_ms(detector, time_ms) > config->average_window_ms || detector->count == config->history)) {
        forget_oldest(detector);
    }
    const size_t newest = (size_t)(detector->oldest + detector->count) % config->history;
    detector->times_ms[newest] = time_ms;
    memcpy(detector->scores + newest * config->n_labels, scores, config->n_labels);
    for (size_t i = 0; i < config->n_labels; ++i) {
        detector->sums[i] += (uint32_t)(scores[i] + SCORE_OFFSET);
    }
    ++detector->count;
}

bool kws_detector_step(kws_detector *detector, const int8_t *scores, uint32_t time_ms, kws_detection *detection)
{
    remember(detector, scores, time_ms);
    if (!detector->config->rule(detector, time_ms, detection)) {
        return false;
    }
    detector->heard_ms[detection->label] = time_ms;
    return true;
}

bool kws_detector_has_enough(kws_detector *detector, uint32_t time_ms)
{
    const kws_detector_config *config = detector->config;
    if (detector->count < config->minimum_count ||
        age_of_oldest_ms(detector, time_ms) < config->average_window_ms / 4u) {
        memset(detector->levels, 0, config->n_labels);
        return false;
    }
    return true;
}

bool kws_detector_hears(const kws_detector *detector, uint16_t label, uint32_t time_ms)
{
    const kws_detector_config *config = detector->config;
    bool is_free = true;
    for (size_t i = 0; i < config->n_grammar; ++i) {
        const kws_grammar_rule *rule = &config->grammar[i];
        if (rule->word == label) {
            is_free = false;
            if (time_ms - detector->heard_ms[rule->after] <= rule->window_ms) {
                return true;
            }
        }
    }
    return is_free;
}

const uint8_t *kws_detector_levels(const kws_detector *detector)
{
    return detector->levels;
}
