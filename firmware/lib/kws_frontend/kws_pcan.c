/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_pcan.h"

#include "kws_bits.h"

#define SNR_BITS 12
#define OUTPUT_BITS 6

/* The gain within the octave that begins with x's highest bit; x >= 2. */
static int16_t interpolated(const int16_t *table, uint32_t x)
{
    const int bit_length = kws_bit_length32(x);
    const int16_t *octave = table + 4 * bit_length - 6;
    const int32_t fraction = (int32_t)(x << (32 - bit_length) << 1 >> 22); /* the ten bits after the highest */
    int32_t gain = ((octave[2] * fraction) >> 5) + octave[1] * 32; /* with 16-bit coefficients nothing here overflows */
    gain = (gain * fraction + (1 << 14)) >> 15;
    return (int16_t)(gain + octave[0]);
}

uint32_t kws_pcan_gain(const int16_t *table, uint32_t x)
{
    return (uint32_t)(int32_t)(x <= 2 ? table[x] : interpolated(table, x));
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
