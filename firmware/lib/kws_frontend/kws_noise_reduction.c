/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_noise_reduction.h"

#include "kws_product.h"

#define FRACTION_BITS 14

static uint32_t reduced(const kws_noise_config *config, uint32_t smoothing, uint32_t *noise, uint32_t signal)
{
    const uint32_t remainder = (1u << FRACTION_BITS) - smoothing;
    const uint32_t scaled = signal << config->smoothing_bits; /* wraps as the reference does */
    const uint32_t estimate =
        (uint32_t)((kws_product(scaled, smoothing) + kws_product(*noise, remainder)) >> FRACTION_BITS);
    const uint32_t left = estimate > scaled ? 0 : (scaled - estimate) >> config->smoothing_bits;
    const uint32_t least = (uint32_t)(kws_product(signal, config->min_signal_remaining) >> FRACTION_BITS);
    *noise = estimate;
    return left > least ? left : least;
}

void kws_noise_reduction_apply(const kws_noise_config *config, size_t n_mels, uint32_t *noise, uint32_t *signal)
{
    for (size_t i = 0; i < n_mels; ++i) {
        const uint32_t smoothing = i % 2 == 0 ? config->even_smoothing : config->odd_smoothing;
        signal[i] = reduced(config, smoothing, &noise[i], signal[i]);
    }
}
