#include "kws_filterbank.h"

#include "kws_bits.h"

/* |bin|^2. It fits in 31 bits: kws_fft_real() leaves no value below -32767. */
static uint32_t energy_of(kws_complex bin)
{
    return (uint32_t)((int32_t)bin.r * bin.r + (int32_t)bin.i * bin.i);
}

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
            const uint32_t energy = energy_of(*bin++);
            const uint32_t falling_share = *falling++;
            const uint32_t rising_share = *rising++;
            this_channel += (uint64_t)energy * falling_share;
            next_channel += (uint64_t)energy * rising_share;
        }
        if (band > 0) {
            signal[band - 1] = kws_square_root(this_channel) >> shift;
        }
        this_channel = next_channel;
    }
}

/* Digit by digit, in base 4. */
static uint32_t square_root32(uint32_t value)
{
    uint32_t root = 0;
    uint32_t bit = value == 0 ? 0 : 1u << ((kws_bit_length32(value) - 1) & ~1);
    for (; bit != 0; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return value > root && root != 0xFFFFu ? root + 1 : root;
}

uint32_t kws_square_root(uint64_t value)
{
    if (value >> 32 == 0) {
        return square_root32((uint32_t)value);
    }
    uint64_t root = 0;
    uint64_t bit = (uint64_t)1 << ((kws_bit_length64(value) - 1) & ~1);
    for (; bit != 0; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)(value > root && root != 0xFFFFFFFFu ? root + 1 : root);
}
