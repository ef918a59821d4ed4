/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_resampler.h"

#define FRACTIONS 160                              /* between two old samples */
#define STEP 441                                   /* of them to the next new sample */
#define WEIGHTS (FRACTIONS / KWS_RESAMPLER_PHASES) /* between two phases */
#define ONE 65536                                  /* of the filter */

static int32_t sample_at(const kws_resampler *resampler, uint32_t at)
{
    return resampler->history[at % KWS_RESAMPLER_HISTORY];
}

/* The filter's output `phase` 32nds of a sample after the old sample `at`, times ONE. */
static int64_t filtered(const kws_resampler *resampler, uint32_t at, uint32_t phase)
{
    const int16_t *before = kws_resampler_filter + phase;
    const int16_t *after = kws_resampler_filter + KWS_RESAMPLER_PHASES - phase;
    int64_t sum = 0;
    for (uint32_t i = 0; i < KWS_RESAMPLER_HALF; ++i) {
        sum += sample_at(resampler, at - i) * before[i * KWS_RESAMPLER_PHASES];
        sum += sample_at(resampler, at + 1 + i) * after[i * KWS_RESAMPLER_PHASES];
    }
    return sum;
}

static int16_t new_sample(const kws_resampler *resampler)
{
    const uint32_t phase = resampler->fraction / WEIGHTS;
    const int32_t weight = (int32_t)(resampler->fraction % WEIGHTS);
    int64_t sum = filtered(resampler, resampler->next, phase) * (WEIGHTS - weight);
    if (weight > 0) {
        sum += filtered(resampler, resampler->next, phase + 1) * weight;
    }
    const int64_t half = (int64_t)ONE * WEIGHTS / 2;
    const int64_t value = (sum + (sum < 0 ? -half : half)) / ((int64_t)ONE * WEIGHTS);
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

size_t kws_resample(kws_resampler *resampler, const int16_t *samples, size_t count, int16_t *resampled)
{
    size_t made = 0;
    for (size_t i = 0; i < count; ++i) {
        resampler->history[resampler->written++ % KWS_RESAMPLER_HISTORY] = samples[i];
        if (resampler->written - resampler->next > KWS_RESAMPLER_HALF) {
            resampled[made++] = new_sample(resampler);
            resampler->fraction += STEP;
            resampler->next += resampler->fraction / FRACTIONS;
            resampler->fraction %= FRACTIONS;
        }
    }
    return made;
}
