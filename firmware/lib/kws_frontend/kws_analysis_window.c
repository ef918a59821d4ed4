/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_analysis_window.h"

#include "kws_bits.h"
#include "kws_pair.h"

/* Samples that are laid down in one go. */
#define STEP 8u

/* Lays two samples under the window to `to`; returns `magnitudes`, with theirs. */
static inline kws_pair put_two(kws_complex *to, const int16_t *samples, const int16_t *window, kws_pair magnitudes)
{
    const kws_pair pair = kws_pair_times_q12(kws_pair_of_samples(samples), kws_pair_of_samples(window));
    kws_pair_store(to, pair);
    return kws_pair_collect_magnitude(magnitudes, pair);
}

/* The same for eight, as four complex numbers `distance` apart. */
static inline kws_pair put_step(kws_complex *to, size_t distance, const int16_t *samples, const int16_t *window,
                                kws_pair magnitudes)
{
    magnitudes = put_two(&to[0], &samples[0], &window[0], magnitudes);
    magnitudes = put_two(&to[distance], &samples[2], &window[2], magnitudes);
    magnitudes = put_two(&to[2 * distance], &samples[4], &window[4], magnitudes);
    return put_two(&to[3 * distance], &samples[6], &window[6], magnitudes);
}

/* The same where fewer than eight samples are left: the rest is silence. */
static kws_pair put_last_step(kws_complex *to, size_t distance, const int16_t *samples, const int16_t *window,
                              size_t count, kws_pair magnitudes)
{
    int16_t padded_samples[STEP] = {0};
    int16_t padded_window[STEP] = {0};
    for (size_t i = 0; i < count; ++i) {
        padded_samples[i] = samples[i];
        padded_window[i] = window[i];
    }
    return put_step(to, distance, padded_samples, padded_window, magnitudes);
}

int kws_analysis_window_apply(const kws_frontend_config *config, const int16_t *samples, kws_complex *spectrum)
{
    const size_t half_size = config->fft.size / 2u;
    const size_t distance = half_size / 4;
    const int16_t *window = config->window;
    size_t position = KWS_FFT_FIRST_POSITION;
    size_t left = config->window_samples;
    kws_pair magnitudes = kws_pair_zero();
    for (; left >= STEP; left -= STEP) {
        magnitudes = put_step(spectrum + position, distance, samples, window, magnitudes);
        samples += STEP;
        window += STEP;
        position = kws_fft_next_position(position, half_size);
    }
    while (position != KWS_FFT_FIRST_POSITION) {
        magnitudes = put_last_step(spectrum + position, distance, samples, window, left, magnitudes);
        left = 0;
        position = kws_fft_next_position(position, half_size);
    }
    return 15 - kws_bit_length32(kws_pair_collected(magnitudes));
}
