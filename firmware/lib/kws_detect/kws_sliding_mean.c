/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_detector.h"

/* The keyword's score 0 to 255 of some inferences ago; 0 if there was none. */
static uint32_t score_before(const kws_detector *detector, size_t inferences)
{
    const kws_detector_config *config = detector->config;
    if (inferences >= detector->count) {
        return 0;
    }
    const size_t at = (size_t)(detector->oldest + detector->count - 1u - inferences) % config->history;
    return (uint32_t)(detector->scores[at * config->n_labels + KWS_FIRST_WORD_LABEL] + 128);
}

static uint32_t sum_of_newest(const kws_detector *detector)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < detector->config->minimum_count; ++i) {
        sum += score_before(detector, i);
    }
    return sum;
}

/* Whether the score was below the threshold for long enough since the reset or the last detection. */
static bool is_ready(kws_detector *detector)
{
    const kws_detector_config *config = detector->config;
    if (detector->was_quiet && detector->quiet_ms <= config->suppression_ms) {
        detector->quiet_ms += config->average_window_ms / config->minimum_count; /* the time between inferences */
    }
    detector->was_quiet = score_before(detector, 0) < config->thresholds[KWS_FIRST_WORD_LABEL];
    return detector->quiet_ms > config->suppression_ms ||
           (detector->quiet_ms == config->suppression_ms && detector->was_quiet);
}

bool kws_sliding_mean(kws_detector *detector, uint32_t time_ms, kws_detection *detection)
{
    const kws_detector_config *config = detector->config;
    const uint32_t sum = sum_of_newest(detector);
    /* Rounded up, it is above the threshold exactly if the sum is above as many thresholds. */
    const uint32_t mean = (sum + config->minimum_count - 1u) / config->minimum_count;
    const bool ready = is_ready(detector);
    detector->levels[KWS_FIRST_WORD_LABEL] = (uint8_t)mean;
    if (!ready || mean <= config->thresholds[KWS_FIRST_WORD_LABEL] ||
        !kws_detector_hears(detector, KWS_FIRST_WORD_LABEL, time_ms)) {
        return false;
    }
    detection->time_ms = time_ms;
    detection->label = KWS_FIRST_WORD_LABEL;
    detection->score = (uint8_t)mean;
    kws_detector_forget(detector);
    return true;
}
