/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions of firmware/lib/kws_nn/kws_nn_dsp.h in C, after the pseudocode of the ARMv7-M manual (DDI 0403, A7.7):
 * with -DKWS_NN_DSP_IN_C the kernels' form for ARM, but for its assembly, runs on any machine, where sanitizers watch it.
 */
#ifndef KWS_NN_DSP_IN_C_H
#define KWS_NN_DSP_IN_C_H

#include <stdint.h>

static inline int32_t kws_nn_pair_of(int32_t bottom, int32_t top)
{
    return (int32_t)(((uint32_t)bottom & 0xffffu) | (uint32_t)top << 16);
}

static inline int32_t kws_nn_byte_of(int32_t word, int number)
{
    return (int8_t)(uint8_t)((uint32_t)word >> (8 * number));
}

static inline int32_t kws_nn_bottom_of(int32_t pair)
{
    return (int16_t)(uint16_t)(uint32_t)pair;
}

static inline int32_t kws_nn_top_of(int32_t pair)
{
    return (int16_t)(uint16_t)((uint32_t)pair >> 16);
}

/* SXTB16 */
static inline int32_t kws_nn_even_bytes(int32_t word)
{
    return kws_nn_pair_of(kws_nn_byte_of(word, 0), kws_nn_byte_of(word, 2));
}

/* SXTB16, rotated */
static inline int32_t kws_nn_odd_bytes(int32_t word)
{
    return kws_nn_pair_of(kws_nn_byte_of(word, 1), kws_nn_byte_of(word, 3));
}

/* SXTAB16: each half modulo 2^16 */
static inline int32_t kws_nn_add_even_bytes(int32_t pair, int32_t word)
{
    return kws_nn_pair_of(kws_nn_bottom_of(pair) + kws_nn_byte_of(word, 0),
                          kws_nn_top_of(pair) + kws_nn_byte_of(word, 2));
}

/* SXTAB16, rotated */
static inline int32_t kws_nn_add_odd_bytes(int32_t pair, int32_t word)
{
    return kws_nn_pair_of(kws_nn_bottom_of(pair) + kws_nn_byte_of(word, 1),
                          kws_nn_top_of(pair) + kws_nn_byte_of(word, 3));
}

/* SADD16 */
static inline int32_t kws_nn_double(int32_t pair)
{
    return kws_nn_pair_of(2 * kws_nn_bottom_of(pair), 2 * kws_nn_top_of(pair));
}

/* PKHBT and PKHTB */
static inline int32_t kws_nn_first_of(int32_t a, int32_t b)
{
    return kws_nn_pair_of(kws_nn_bottom_of(a), kws_nn_bottom_of(b));
}

static inline int32_t kws_nn_second_of(int32_t a, int32_t b)
{
    return kws_nn_pair_of(kws_nn_top_of(a), kws_nn_top_of(b));
}

/* SMMLAR: the sum modulo 2^64, its upper word */
static inline int32_t kws_nn_add_high_product(int32_t offset, int32_t a, int32_t b)
{
    const uint64_t sum = ((uint64_t)(uint32_t)offset << 32) + (uint64_t)((int64_t)a * b) + 0x80000000u;
    return (int32_t)(uint32_t)(sum >> 32);
}

/* SSAT #8 */
static inline int32_t kws_nn_saturate(int32_t x)
{
    return x < INT8_MIN ? INT8_MIN : x > INT8_MAX ? INT8_MAX : x;
}

#endif
