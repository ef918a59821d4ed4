/* SPDX-License-Identifier: Apache-2.0 */
/* Requantisation of the fast kernels: the two roundings of kws_nn_math.h in four instructions, where tinykws has shown
 * at build time that every shift is 1 to 21 to the right and every sum within 2^30.
 *
 * With x = multiply_high(sum, multiplier) the reference computes zero_point + (x / 2^s, halves away from zero), which is
 *     (x + offset - (x < 0)) >> s,  offset = 2^(s - 1) + zero_point * 2^s
 * and multiply_high(sum, m) = (2 * sum * m + 2^31) >> 32, one instruction. Where the sum is negative and x is 0 the same
 * formula with the sum's sign gives zero_point too, since s is at least 1.
 */
#ifndef KWS_NN_SCALING_H
#define KWS_NN_SCALING_H

#include "kws_nn_dsp.h"

typedef struct {
    int32_t multiplier, offset, shift;
} kws_nn_scaling;

#ifdef KWS_NN_THUMB
KWS_NN_CHECK_OFFSET(kws_nn_scaling, multiplier, 0);
KWS_NN_CHECK_OFFSET(kws_nn_scaling, offset, 4);
KWS_NN_CHECK_OFFSET(kws_nn_scaling, shift, 8);
KWS_NN_CHECK_SIZE(kws_nn_scaling, 12);
#endif

static inline kws_nn_scaling kws_nn_scaling_of(const kws_nn_requantize *requantize, int32_t channel)
{
    const int32_t at = channel * requantize->step;
    const int32_t shift = -requantize->shifts[at];
    const int32_t offset = (2 * requantize->zero_point + 1) * ((int32_t)1 << (shift - 1));
    const kws_nn_scaling scaling = {.multiplier = requantize->multipliers[at], .offset = offset, .shift = shift};
    return scaling;
}

#ifdef KWS_NN_THUMB
/* kws_nn_scale() for functions that are assembly: from a sum to its output, in the same register; and from its double. */
#define KWS_NN_SCALE(sum, multiplier, offset, shift, free) \
    "lsl " sum ", " sum ", #1\n" KWS_NN_SCALE_DOUBLED(sum, multiplier, offset, shift, free)
#define KWS_NN_SCALE_DOUBLED(sum, multiplier, offset, shift, free) \
    "add " free ", " offset ", " sum ", asr #31\n" \
    "smmlar " sum ", " sum ", " multiplier ", " free "\n" \
    "asr " sum ", " sum ", " shift "\n" \
    "ssat " sum ", #8, " sum "\n"
#endif

/* From a sum to its int8 output, not yet clamped to a fused activation. */
static inline int8_t kws_nn_scale_doubled(const kws_nn_scaling *scaling, int32_t doubled_sum)
{
    const int32_t offset = scaling->offset + (doubled_sum >> 31);
    return (int8_t)kws_nn_saturate(kws_nn_add_high_product(offset, doubled_sum, scaling->multiplier) >> scaling->shift);
}

static inline int8_t kws_nn_scale(const kws_nn_scaling *scaling, int32_t sum)
{
    return kws_nn_scale_doubled(scaling, sum * 2);
}

/* Clamps outputs to a fused activation's range, where it is not all of int8. */
static inline void kws_nn_clamp_all(int32_t minimum, int32_t maximum, int8_t *output, int32_t count)
{
    if (minimum == INT8_MIN && maximum == INT8_MAX) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        output[i] = (int8_t)kws_nn_clamp(output[i], minimum, maximum);
    }
}

static inline void kws_nn_activate(const kws_nn_requantize *requantize, int8_t *output, int32_t count)
{
    kws_nn_clamp_all(requantize->minimum, requantize->maximum, output, count);
}

#endif
