/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_filterbank.h"

#include "kws_pair.h"
#include "kws_product.h"
#include "kws_square_root.h"

void kws_filterbank_apply(const kws_filterbank_config *config, size_t n_mels, const kws_complex *spectrum, int shift,
                          uint32_t *signal)
{
    const kws_complex *bin = spectrum + config->first_bin;
    const uint16_t *falling = config->falling;
    const uint16_t *rising = config->rising;
    uint64_t this_channel = 0;
    for (size_t band = 0; band <= n_mels; ++band) {
        uint64_t next_channel = 0;
        for (size_t width = config->band_widths[band]; width > 0; --width) {
            const uint32_t energy = kws_pair_energy(kws_pair_load(bin++));
            const uint32_t falling_share = *falling++;
            const uint32_t rising_share = *rising++;
            this_channel += kws_product(energy, falling_share);
            next_channel += kws_product(energy, rising_share);
        }
        if (band > 0) {
            signal[band - 1] = kws_square_root(this_channel) >> shift;
        }
        this_channel = next_channel;
    }
}
