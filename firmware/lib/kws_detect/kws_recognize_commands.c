/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_detector.h"

/* Averages the scores of every label. Returns the label with the highest one; of equal ones the first. */
static kws_detection best_average(kws_detector *detector, uint32_t time_ms)
{
    kws_detection best = {.time_ms = time_ms, .label = KWS_SILENCE_LABEL, .score = 0};
    for (size_t i = 0; i < detector->config->n_labels; ++i) {
        const uint32_t average = detector->sums[i] / detector->count;
        detector->levels[i] = (uint8_t)average;
        if (average > best.score) {
            best.label = (uint16_t)i;
            best.score = (uint8_t)average;
        }
    }
    return best;
}

static bool is_new(const kws_detector *detector, const kws_detection *top)
{
    const kws_detector_config *config = detector->config;
    if (top->score <= config->thresholds[top->label]) {
        return false;
    }
    return top->label != detector->top_label || detector->top_label == KWS_SILENCE_LABEL ||
           top->time_ms - detector->top_time_ms > config->suppression_ms;
}

bool kws_recognize_commands(kws_detector *detector, uint32_t time_ms, kws_detection *detection)
{
    if (!kws_detector_has_enough(detector, time_ms)) {
        return false;
    }
    const kws_detection top = best_average(detector, time_ms);
    if (!is_new(detector, &top) || !kws_detector_hears(detector, top.label, time_ms)) {
        return false;
    }
    detector->top_label = top.label;
    detector->top_time_ms = time_ms;
    *detection = top;
    return top.label >= KWS_FIRST_WORD_LABEL;
}
