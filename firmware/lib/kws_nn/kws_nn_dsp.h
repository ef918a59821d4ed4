/* SPDX-License-Identifier: Apache-2.0 */
/* What the fast kernels do with two numbers at once: the DSP instructions of Armv7E-M and Armv8-M (Cortex-M4, M7, M33).
 *
 * A pair is two int16 in a word, the first in its lower half. Where the processor has the instructions KWS_NN_DSP is
 * defined, and KWS_NN_THUMB, where inner loops may be assembly; elsewhere the kernels have a loop in plain C. Tests
 * define KWS_NN_DSP_IN_C and bring functions in C that do what the instructions do. Assembly, because GCC's arm_acle.h
 * has these only from version 10 on, and SMMLAR and SSAT in no form that we can use.
 */
#ifndef KWS_NN_DSP_H
#define KWS_NN_DSP_H

#include <stddef.h>
#include <string.h>

#include "kws_nn_math.h"

/* Reads a pair from memory, aligned as int16. */
typedef int32_t kws_nn_pair __attribute__((may_alias));

/* offset + a * b / 2^32, rounded to nearest, halves upwards, by products of 32 bits, in 16-bit halves; b is not negative. What is left of the lowest product, below 2^16, does
 * not matter: everything else is a multiple of 2^16. */
static inline int32_t kws_nn_add_high_product_by_halves(int32_t offset, int32_t a, int32_t b)
{
    const int32_t a_high = a >> 16, b_high = b >> 16;
    const uint32_t a_low = (uint32_t)a & 0xffffu, b_low = (uint32_t)b & 0xffffu;
    const int32_t first = a_high * (int32_t)b_low + (int32_t)(a_low * b_low >> 16);
    const uint32_t second = a_low * (uint32_t)b_high + ((uint32_t)first & 0xffffu) + 0x8000u;
    return offset + a_high * b_high + (first >> 16) + (int32_t)(second >> 16);
}

#if defined(KWS_NN_DSP_IN_C)
#define KWS_NN_DSP 1
#include "kws_nn_dsp_in_c.h"
#elif defined(__ARM_FEATURE_DSP) && defined(__ARMEL__) && defined(__thumb2__)
#define KWS_NN_DSP 1
#define KWS_NN_THUMB 1

/* For functions that are assembly throughout: their arguments are in r0 to r3. */
#define KWS_NN_ASSEMBLY __attribute__((naked, noinline))
#define KWS_NN_UNUSED __attribute__((unused))

/* The value of a macro as text. */
#define KWS_NN_TEXT(macro) KWS_NN_TEXT_OF(macro)
#define KWS_NN_TEXT_OF(value) #value

/* Checks while compiling that `member` is at byte `expected` of `type`, where assembly reads it. In C99 and C++11: an
 * array type of a negative size is an error. */
#define KWS_NN_CHECK_OFFSET(type, member, expected) KWS_NN_CHECK(offsetof(type, member) == (expected), __COUNTER__)
#define KWS_NN_CHECK_SIZE(type, expected) KWS_NN_CHECK(sizeof(type) == (expected), __COUNTER__)
#define KWS_NN_CHECK(condition, number) KWS_NN_CHECK_NAMED(condition, number)
#define KWS_NN_CHECK_NAMED(condition, number) \
    typedef char kws_nn_layout_differs_from_assembly_##number[(condition) ? 1 : -1] KWS_NN_UNUSED

/* Bytes 0 and 2 of a word of int8 as a pair. */
static inline int32_t kws_nn_even_bytes(int32_t word)
{
    int32_t result;
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
    return result;
}

/* Bytes 1 and 3 of a word of int8 as a pair. */
static inline int32_t kws_nn_odd_bytes(int32_t word)
{
    int32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
    return result;
}

/* The same, each added to a pair. */
static inline int32_t kws_nn_add_even_bytes(int32_t pair, int32_t word)
{
    int32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(pair), "r"(word));
    return result;
}

static inline int32_t kws_nn_add_odd_bytes(int32_t pair, int32_t word)
{
    int32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(pair), "r"(word));
    return result;
}

/* Each of a pair times two. */
static inline int32_t kws_nn_double(int32_t pair)
{
    int32_t result;
    __asm__("sadd16 %0, %1, %1" : "=r"(result) : "r"(pair));
    return result;
}

/* The first, or the second, of two pairs as a pair. */
static inline int32_t kws_nn_first_of(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

static inline int32_t kws_nn_second_of(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(b), "r"(a));
    return result;
}

/* offset + a * b / 2^32, rounded to nearest, halves upwards */
static inline int32_t kws_nn_add_high_product(int32_t offset, int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(offset));
    return result;
}

static inline int32_t kws_nn_saturate(int32_t x)
{
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(x));
    return result;
}

#else

static inline int32_t kws_nn_add_high_product(int32_t offset, int32_t a, int32_t b)
{
#ifdef __ARM_ARCH_6M__ /* has no product of 64 bits */
    return kws_nn_add_high_product_by_halves(offset, a, b);
#else
    return offset + (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
#endif
}

static inline int32_t kws_nn_saturate(int32_t x)
{
    return kws_nn_clamp(x, INT8_MIN, INT8_MAX);
}

#endif

#ifdef KWS_NN_DSP

/* A pair of the same number. */
static inline int32_t kws_nn_twice(int32_t number)
{
    return (int32_t)(((uint32_t)number & 0xffffu) | (uint32_t)number << 16);
}

/* Four int8 from any address, the first in the lowest byte. */
static inline int32_t kws_nn_load_four(const int8_t *at)
{
    int32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Values 0 to 3 from their pairs (0, 2) and (1, 3), to any address. */
static inline void kws_nn_store_four(int32_t even, int32_t odd, int16_t *to)
{
    const uint32_t first = ((uint32_t)even & 0xffffu) | (uint32_t)odd << 16;
    const uint32_t second = (uint32_t)even >> 16 | ((uint32_t)odd & 0xffff0000u);
    memcpy(to, &first, sizeof first);
    memcpy(to + 2, &second, sizeof second);
}

#endif

#endif
