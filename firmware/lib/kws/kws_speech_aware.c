#include "kws_detector.h"

/* How far a label's average is above its threshold as it is now, in 256ths of a score. */
static int32_t excess(const kws_detector *detector, size_t label, int32_t raised)
{
    const int32_t average = (int32_t)((detector->sums[label] << 8) / detector->count);
    return average - raised - ((int32_t)detector->config->thresholds[label] << 8);
}

bool kws_speech_aware(kws_detector *detector, uint32_t time_ms, kws_detection *detection)
{
    const kws_detector_config *config = detector->config;
    const int32_t raised = (int32_t)((detector->speech * config->speech_weight) >> config->speech_shift);
    uint16_t best = KWS_SILENCE_LABEL;
    int32_t best_excess = 0;
    for (uint16_t i = KWS_FIRST_WORD_LABEL; i < config->n_labels; ++i) {
        const int32_t now = excess(detector, i, raised);
        if (now <= 0 && i == detector->top_label) {
            detector->top_label = KWS_SILENCE_LABEL; /* it is over, and may be said again */
        }
        if (now > best_excess) {
            best_excess = now;
            best = i;
        }
    }
    if (best == KWS_SILENCE_LABEL || best == detector->top_label ||
        time_ms - detector->top_time_ms <= config->suppression_ms) {
        return false;
    }
    detector->top_label = best;
    detector->top_time_ms = time_ms;
    detection->time_ms = time_ms;
    detection->label = best;
    detection->score = (uint8_t)(detector->sums[best] / detector->count);
    return true;
}
