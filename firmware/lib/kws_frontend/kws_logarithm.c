/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_logarithm.h"

#include "kws_bits.h"
#include "kws_product.h"

#define FRACTION_BITS 16
#define SEGMENT_BITS 7
#define LN_2 45426u /* in Q16 */

/* log2(x) - integer, in Q16, for the x of bit length integer + 1: a straight line plus a correction from the table. The
 * reference means to interpolate between two entries but shifts by 16 where 9 would do that, so the correction is a
 * staircase; every published model has learned from it. */
static uint32_t log2_fraction(const uint16_t *correction, uint32_t x, int integer)
{
    const uint32_t line = x << (31 - integer) << 1 >> 16; /* the 16 bits after the highest */
    const uint32_t segment = line >> (FRACTION_BITS - SEGMENT_BITS);
    const int32_t place = (int32_t)(line - (segment << (FRACTION_BITS - SEGMENT_BITS)));
    const int32_t low = correction[segment];
    const int32_t high = correction[segment + 1];
    return line + (uint32_t)(low + (((high - low) * place) >> FRACTION_BITS));
}

static uint32_t scaled_log(const kws_logarithm_config *config, uint32_t x)
{
    const uint32_t half = 1u << (FRACTION_BITS - 1);
    const int integer = kws_bit_length32(x) - 1;
    const uint32_t log2 = ((uint32_t)integer << FRACTION_BITS) + log2_fraction(config->log2_correction, x, integer);
    const uint32_t ln = (uint32_t)((kws_product(log2, LN_2) + half) >> FRACTION_BITS);
    return ((ln << config->scale_shift) + half) >> FRACTION_BITS;
}

void kws_logarithm_apply(const kws_logarithm_config *config, size_t n_mels, const uint32_t *signal, uint16_t *features)
{
    for (size_t i = 0; i < n_mels; ++i) {
        const uint32_t value = signal[i] << config->input_shift;
        const uint32_t log = value > 1 ? scaled_log(config, value) : 0;
        features[i] = (uint16_t)(log < UINT16_MAX ? log : UINT16_MAX);
    }
}
