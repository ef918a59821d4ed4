/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on pairs of 16-bit numbers: complex numbers, or two samples. On ARM cores with instructions for two halves
 * of a register a pair is one register; elsewhere it is a struct. Both forms give the same results, bit for bit; the
 * steps of the front-end are written once, on top of them.
 *
 * Sums and differences wrap at 16 bits: in a register at once, in a struct when they are stored. So what is computed further
 * without being stored may not need to wrap; where that cannot be said, a function here brings the struct to 16 bits.
 */
#ifndef KWS_PAIR_H
#define KWS_PAIR_H

#include <stddef.h>
#include <stdint.h>

#include "kws_fft.h"

#if defined(KWS_ARM_DSP_IN_C)
#include "kws_arm_dsp_in_c.h" /* the tests': the form for ARM on any machine */
#define KWS_PAIR_IS_A_REGISTER 1
#elif defined(__GNUC__) && defined(__ARM_FEATURE_SIMD32) && !defined(__ARM_BIG_ENDIAN)
#include "kws_arm_dsp.h"
#define KWS_PAIR_IS_A_REGISTER 1
#else
#define KWS_PAIR_IS_A_REGISTER 0
#endif

#if !KWS_PAIR_IS_A_REGISTER

typedef struct {
    int32_t r, i;
} kws_pair;

static inline kws_pair kws_pair_of(int32_t r, int32_t i)
{
    const kws_pair pair = {.r = r, .i = i};
    return pair;
}

/* The same, brought to 16 bits. */
static inline kws_pair kws_pair_wrapped(int32_t r, int32_t i)
{
    return kws_pair_of((int16_t)r, (int16_t)i);
}

static inline kws_pair kws_pair_zero(void)
{
    return kws_pair_of(0, 0);
}

static inline kws_pair kws_pair_load(const kws_complex *from)
{
    return kws_pair_of(from->r, from->i);
}

static inline void kws_pair_store(kws_complex *to, kws_pair a)
{
    to->r = (int16_t)a.r;
    to->i = (int16_t)a.i;
}

/* (samples[0], samples[1]) */
static inline kws_pair kws_pair_of_samples(const int16_t *samples)
{
    return kws_pair_of(samples[0], samples[1]);
}

static inline kws_pair kws_pair_add(kws_pair a, kws_pair b)
{
    return kws_pair_of(a.r + b.r, a.i + b.i);
}

static inline kws_pair kws_pair_subtract(kws_pair a, kws_pair b)
{
    return kws_pair_of(a.r - b.r, a.i - b.i);
}

/* a + i b */
static inline kws_pair kws_pair_add_i(kws_pair a, kws_pair b)
{
    return kws_pair_of(a.r - b.i, a.i + b.r);
}

/* a - i b */
static inline kws_pair kws_pair_subtract_i(kws_pair a, kws_pair b)
{
    return kws_pair_of(a.r + b.i, a.i - b.r);
}

/* (a + b) / 2, rounded down, without losing the sum's 17th bit */
static inline kws_pair kws_pair_half_sum(kws_pair a, kws_pair b)
{
    return kws_pair_of((a.r + b.r) >> 1, (a.i + b.i) >> 1);
}

/* (a - b) / 2 in the same way */
static inline kws_pair kws_pair_half_difference(kws_pair a, kws_pair b)
{
    return kws_pair_of((a.r - b.r) >> 1, (a.i - b.i) >> 1);
}

static inline kws_pair kws_pair_conjugate(kws_pair a)
{
    return kws_pair_wrapped(a.r, -a.i);
}

/* The real part of a, the imaginary part of b. */
static inline kws_pair kws_pair_join(kws_pair a, kws_pair b)
{
    return kws_pair_of(a.r, b.i);
}

/* Rounds a Q15 product to the nearest whole number, halves upwards. */
static inline int32_t kws_round_q15(int32_t product)
{
    return (product + (1 << 14)) >> 15;
}

/* Both numbers times a factor in Q15, 0 to 16383, rounded. */
static inline kws_pair kws_pair_scale(kws_pair a, int32_t factor)
{
    return kws_pair_of(kws_round_q15(a.r * factor), kws_round_q15(a.i * factor));
}

/* The complex product with a twiddle in Q15, rounded. */
static inline kws_pair kws_pair_multiply(kws_pair a, kws_pair b)
{
    return kws_pair_wrapped(kws_round_q15(a.r * b.r - a.i * b.i), kws_round_q15(a.r * b.i + a.i * b.r));
}

/* The same, for an a of numbers below 2^14. */
static inline kws_pair kws_pair_multiply_small(kws_pair a, kws_pair b)
{
    return kws_pair_of(kws_round_q15(a.r * b.r - a.i * b.i), kws_round_q15(a.r * b.i + a.i * b.r));
}

/* Number by number, the second in Q12 from 0 to 1; rounded down */
static inline kws_pair kws_pair_times_q12(kws_pair a, kws_pair b)
{
    return kws_pair_of((a.r * b.r) >> 12, (a.i * b.i) >> 12);
}

/* `bits`, and where |a|'s are set those too; see kws_pair_collected(). */
static inline kws_pair kws_pair_collect_magnitude(kws_pair bits, kws_pair a)
{
    return kws_pair_of(bits.r | (a.r < 0 ? -a.r : a.r), bits.i | (a.i < 0 ? -a.i : a.i));
}

/* The bits that any magnitude had; they need as many bits as the largest. -32768 counts as nothing: it has no 16-bit
 * magnitude. */
static inline uint32_t kws_pair_collected(kws_pair bits)
{
    return (uint32_t)(bits.r | bits.i) & 0x7FFFu;
}

/* Both numbers times 2^shift, shift 0 to 15. */
static inline kws_pair kws_pair_shift_up(kws_pair a, int shift)
{
    return kws_pair_wrapped((int32_t)((uint32_t)a.r << shift), (int32_t)((uint32_t)a.i << shift));
}

/* r^2 + i^2. It fits in 31 bits but for (-32768, -32768). */
static inline uint32_t kws_pair_energy(kws_pair a)
{
    return (uint32_t)(a.r * a.r) + (uint32_t)(a.i * a.i);
}

#else

/* The real part, or the first sample, is the bottom half. */
typedef uint32_t kws_pair;

/* The word that a kws_complex is, and one that need not be aligned. */
typedef uint32_t __attribute__((may_alias)) kws_complex_word;
typedef struct __attribute__((packed, may_alias)) {
    uint32_t word;
} kws_unaligned_word;

static inline kws_pair kws_pair_zero(void)
{
    return 0;
}

static inline kws_pair kws_pair_load(const kws_complex *from)
{
    return *(const kws_complex_word *)(const void *)from;
}

static inline void kws_pair_store(kws_complex *to, kws_pair a)
{
    *(kws_complex_word *)(void *)to = a;
}

static inline kws_pair kws_pair_of_samples(const int16_t *samples)
{
    return ((const kws_unaligned_word *)(const void *)samples)->word;
}

static inline kws_pair kws_pair_add(kws_pair a, kws_pair b)
{
    return kws_arm_sadd16(a, b);
}

static inline kws_pair kws_pair_subtract(kws_pair a, kws_pair b)
{
    return kws_arm_ssub16(a, b);
}

static inline kws_pair kws_pair_add_i(kws_pair a, kws_pair b)
{
    return kws_arm_sasx(a, b);
}

static inline kws_pair kws_pair_subtract_i(kws_pair a, kws_pair b)
{
    return kws_arm_ssax(a, b);
}

static inline kws_pair kws_pair_half_sum(kws_pair a, kws_pair b)
{
    return kws_arm_shadd16(a, b);
}

static inline kws_pair kws_pair_half_difference(kws_pair a, kws_pair b)
{
    return kws_arm_shsub16(a, b);
}

static inline kws_pair kws_pair_conjugate(kws_pair a)
{
    return kws_arm_pkhtb(kws_arm_ssub16(0, a), a);
}

static inline kws_pair kws_pair_join(kws_pair a, kws_pair b)
{
    return kws_arm_pkhtb(b, a);
}

/* With twice the factor, the result is the top half of the product. */
static inline kws_pair kws_pair_scale(kws_pair a, int32_t factor)
{
    const uint32_t twice = (uint32_t)(2 * factor);
    const int32_t real = kws_arm_smlabb(a, twice, 1 << 15);
    const int32_t imaginary = kws_arm_smlatb(a, twice, 1 << 15);
    return kws_arm_pkhtb_asr16((uint32_t)imaginary, (uint32_t)real);
}

static inline kws_pair kws_pair_multiply(kws_pair a, kws_pair b)
{
    const int32_t real = kws_arm_smlsd(a, b, 1 << 14);
    const int32_t imaginary = kws_arm_smladx(a, b, 1 << 14);
    return kws_arm_pkhbt_lsl1((uint32_t)(real >> 15), (uint32_t)imaginary);
}

/* A small a can be doubled, which puts the result into a product's top half. */
static inline kws_pair kws_pair_multiply_small(kws_pair a, kws_pair b)
{
    const kws_pair twice = kws_arm_sadd16(a, a);
    const int32_t real = kws_arm_smlsd(twice, b, 1 << 15);
    const int32_t imaginary = kws_arm_smladx(twice, b, 1 << 15);
    return kws_arm_pkhtb_asr16((uint32_t)imaginary, (uint32_t)real);
}

static inline kws_pair kws_pair_times_q12(kws_pair a, kws_pair b)
{
    const uint32_t first = kws_arm_smulbb(a, b);
    const uint32_t second = kws_arm_smultt(a, b);
    return kws_arm_pkhbt_lsl4(first >> 12, second);
}

static inline kws_pair kws_pair_collect_magnitude(kws_pair bits, kws_pair a)
{
    return bits | kws_arm_abs16(a);
}

static inline uint32_t kws_pair_collected(kws_pair bits)
{
    return (bits | bits >> 16) & 0x7FFFu;
}

static inline kws_pair kws_pair_shift_up(kws_pair a, int shift)
{
    const uint32_t fits = ~(0xFFFF0000u >> shift & 0xFFFFu); /* what the first number does not shift into the second */
    return (a & fits) << shift;
}

static inline uint32_t kws_pair_energy(kws_pair a)
{
    return kws_arm_smuad(a, a);
}

#endif
#endif
