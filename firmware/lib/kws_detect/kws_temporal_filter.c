/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_detector.h"

#include "kws_bits.h"

#define BIT 16 /* evidence is counted in 16ths of a bit */
#define MOST_EVIDENCE (8 * BIT)
#define HIGHEST_SCORE 255

/* log2 of 1 to 256, in 16ths; a straight line from each power of two to the next. */
static int32_t log2_16ths(uint32_t value)
{
    const int32_t whole = kws_bit_length32(value) - 1;
    return whole * BIT + (int32_t)((value * BIT) >> whole) - BIT;
}

/* A score's log-odds, -MOST_EVIDENCE to MOST_EVIDENCE. */
static int32_t evidence(int8_t score)
{
    const uint32_t steps = (uint32_t)(score + 128);
    return log2_16ths(steps + 1u) - log2_16ths(256u - steps);
}

/* One label's share of the sum, with weights [2, taps]. Times before the oldest score count as `unheard`. */
static int32_t filtered(const kws_detector *detector, size_t label, const int8_t *weights, int32_t unheard)
{
    const kws_detector_config *config = detector->config;
    int32_t sum = 0;
    size_t at = (size_t)detector->oldest + detector->count;
    for (size_t lag = 0; lag < config->filter->taps; ++lag) {
        int32_t heard = unheard;
        if (lag < detector->count) {
            --at;
            heard = evidence(detector->scores[at % config->history * config->n_labels + label]);
        }
        sum += weights[heard > 0 ? config->filter->taps + lag : lag] * heard;
    }
    return sum;
}

/* A sum as a score, 0 to 255. */
static int32_t score_of(int32_t sum, uint8_t shift)
{
    const int32_t score = sum < 0 ? 0 : sum >> shift;
    return score > HIGHEST_SCORE ? HIGHEST_SCORE : score;
}

bool kws_temporal_filter(kws_detector *detector, uint32_t time_ms, kws_detection *detection)
{
    if (!kws_detector_has_enough(detector, time_ms)) {
        return false;
    }
    const kws_detector_config *config = detector->config;
    const kws_score_filter *filter = config->filter;
    const int8_t *of_silence = filter->weights + 2 * filter->taps;
    const int8_t *of_unknown = of_silence + 2 * filter->taps;
    const int32_t around = filter->bias + filtered(detector, KWS_SILENCE_LABEL, of_silence, MOST_EVIDENCE) +
                           filtered(detector, KWS_UNKNOWN_LABEL, of_unknown, -MOST_EVIDENCE);
    uint16_t best = KWS_SILENCE_LABEL;
    int32_t best_excess = 0;
    for (uint16_t i = KWS_FIRST_WORD_LABEL; i < config->n_labels; ++i) {
        const int32_t sum = around + filtered(detector, i, filter->weights, -MOST_EVIDENCE);
        const int32_t score = score_of(sum, filter->shift);
        const int32_t excess = score - config->thresholds[i];
        detector->levels[i] = (uint8_t)score;
        if (excess <= 0 && i == detector->top_label) {
            detector->top_label = KWS_SILENCE_LABEL; /* it has ended and may be detected again */
        }
        if (excess > best_excess && kws_detector_hears(detector, i, time_ms)) {
            best_excess = excess;
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
    detection->score = (uint8_t)(best_excess + config->thresholds[best]);
    return true;
}
