#include "kws_pcan.h"

#include "kws_bits.h"

#define SNR_BITS 12
#define OUTPUT_BITS 6

/* Place in the octave, in 1024ths: the ten bits after the first one of x, whose bit length is given. */
static int32_t octave_fraction(uint32_t x, int bit_length)
{
    return (int32_t)((bit_length < 11 ? x << (11 - bit_length) : x >> (bit_length - 11)) & 0x3FFu);
}

uint32_t kws_pcan_gain(const int16_t *table, uint32_t x)
{
    if (x <= 2) {
        return (uint32_t)(int32_t)table[x];
    }
    const int bit_length = kws_bit_length32(x);
    const int16_t *octave = table + 4 * bit_length - 6;
    const int32_t fraction = octave_fraction(x, bit_length);
    int32_t gain = ((octave[2] * fraction) >> 5) + octave[1] * 32; /* with 16-bit coefficients nothing here overflows */
    gain = (gain * fraction + (1 << 14)) >> 15;
    return (uint32_t)(int32_t)(int16_t)(gain + octave[0]);
}

/* Quadratic below a signal-to-noise ratio of 2, linear above. */
static uint32_t compressed(uint32_t snr)
{
    if (snr < 2u << SNR_BITS) {
        return (snr * snr) >> (2 + 2 * SNR_BITS - OUTPUT_BITS);
    }
    return (snr >> (SNR_BITS - OUTPUT_BITS)) - (1u << OUTPUT_BITS);
}

void kws_pcan_apply(const kws_pcan_config *config, size_t n_mels, const uint32_t *noise, uint32_t *signal)
{
    for (size_t i = 0; i < n_mels; ++i) {
        const uint32_t gain = kws_pcan_gain(config->gain, noise[i]);
        signal[i] = compressed((uint32_t)(((uint64_t)signal[i] * gain) >> config->snr_shift));
    }
}
