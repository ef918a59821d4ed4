/* SPDX-License-Identifier: Apache-2.0 */
/* firmware/lib/kws_frontend/kws_arm_dsp.h in C, after the pseudocode of the ARMv7-M manual (DDI 0403, A7.7): with
 * -DKWS_ARM_DSP_IN_C the front-end's form for ARM runs on any machine, where the sanitizers can watch it.
 */
#ifndef KWS_ARM_DSP_IN_C_H
#define KWS_ARM_DSP_IN_C_H

#include <stdint.h>

static inline int32_t bottom_of(uint32_t a)
{
    return (int16_t)(uint16_t)a;
}

static inline int32_t top_of(uint32_t a)
{
    return (int16_t)(uint16_t)(a >> 16);
}

static inline uint32_t halves(int32_t bottom, int32_t top)
{
    return ((uint32_t)bottom & 0xFFFFu) | (uint32_t)top << 16;
}

static inline uint32_t kws_arm_sadd16(uint32_t a, uint32_t b)
{
    return halves(bottom_of(a) + bottom_of(b), top_of(a) + top_of(b));
}

static inline uint32_t kws_arm_ssub16(uint32_t a, uint32_t b)
{
    return halves(bottom_of(a) - bottom_of(b), top_of(a) - top_of(b));
}

static inline uint32_t kws_arm_sasx(uint32_t a, uint32_t b)
{
    return halves(bottom_of(a) - top_of(b), top_of(a) + bottom_of(b));
}

static inline uint32_t kws_arm_ssax(uint32_t a, uint32_t b)
{
    return halves(bottom_of(a) + top_of(b), top_of(a) - bottom_of(b));
}

static inline uint32_t kws_arm_shadd16(uint32_t a, uint32_t b)
{
    return halves((bottom_of(a) + bottom_of(b)) >> 1, (top_of(a) + top_of(b)) >> 1);
}

static inline uint32_t kws_arm_shsub16(uint32_t a, uint32_t b)
{
    return halves((bottom_of(a) - bottom_of(b)) >> 1, (top_of(a) - top_of(b)) >> 1);
}

static inline uint32_t kws_arm_pkhbt_lsl1(uint32_t a, uint32_t b)
{
    return (a & 0xFFFFu) | (b << 1 & 0xFFFF0000u);
}

static inline uint32_t kws_arm_pkhbt_lsl4(uint32_t a, uint32_t b)
{
    return (a & 0xFFFFu) | (b << 4 & 0xFFFF0000u);
}

static inline uint32_t kws_arm_pkhtb(uint32_t a, uint32_t b)
{
    return (a & 0xFFFF0000u) | (b & 0xFFFFu);
}

static inline uint32_t kws_arm_pkhtb_asr16(uint32_t a, uint32_t b)
{
    return (a & 0xFFFF0000u) | b >> 16;
}

static inline uint32_t kws_arm_smulbb(uint32_t a, uint32_t b)
{
    return (uint32_t)(bottom_of(a) * bottom_of(b));
}

static inline uint32_t kws_arm_smultt(uint32_t a, uint32_t b)
{
    return (uint32_t)(top_of(a) * top_of(b));
}

static inline uint32_t kws_arm_smuad(uint32_t a, uint32_t b)
{
    return kws_arm_smulbb(a, b) + kws_arm_smultt(a, b);
}

static inline int32_t kws_arm_smlabb(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)(kws_arm_smulbb(a, b) + (uint32_t)c);
}

static inline int32_t kws_arm_smlatb(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)((uint32_t)(top_of(a) * bottom_of(b)) + (uint32_t)c);
}

static inline int32_t kws_arm_smlsd(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)(kws_arm_smulbb(a, b) - kws_arm_smultt(a, b) + (uint32_t)c);
}

static inline int32_t kws_arm_smladx(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)((uint32_t)(bottom_of(a) * top_of(b)) + (uint32_t)(top_of(a) * bottom_of(b)) + (uint32_t)c);
}

static inline uint32_t kws_arm_abs16(uint32_t a)
{
    return halves(bottom_of(a) < 0 ? -bottom_of(a) : bottom_of(a), top_of(a) < 0 ? -top_of(a) : top_of(a));
}

#endif
