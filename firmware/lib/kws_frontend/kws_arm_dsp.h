/* SPDX-License-Identifier: Apache-2.0 */
/* ARM's instructions on two 16-bit halves of a register, one function each. A half is named bottom (bits 0 to 15) or
 * top (16 to 31). As assembly, because GCC has intrinsics for these (arm_acle.h) only from version 10 on, and some
 * boards' compilers are older. kws_pair.h gives the same results without them.
 */
#ifndef KWS_ARM_DSP_H
#define KWS_ARM_DSP_H

#include <stdint.h>

#define KWS_INSTRUCTION_2(name, operation) \
    static inline uint32_t name(uint32_t a, uint32_t b) \
    { \
        uint32_t result; \
        __asm__(operation : "=r"(result) : "r"(a), "r"(b)); \
        return result; \
    }

#define KWS_INSTRUCTION_3(name, operation) \
    static inline int32_t name(uint32_t a, uint32_t b, int32_t c) \
    { \
        int32_t result; \
        __asm__(operation : "=r"(result) : "r"(a), "r"(b), "r"(c)); \
        return result; \
    }

/* Halves by halves; sums wrap. */
KWS_INSTRUCTION_2(kws_arm_sadd16, "sadd16 %0, %1, %2")   /* a + b */
KWS_INSTRUCTION_2(kws_arm_ssub16, "ssub16 %0, %1, %2")   /* a - b */
KWS_INSTRUCTION_2(kws_arm_sasx, "sasx %0, %1, %2")       /* bottom: a - b's top; top: a + b's bottom */
KWS_INSTRUCTION_2(kws_arm_ssax, "ssax %0, %1, %2")       /* bottom: a + b's top; top: a - b's bottom */
KWS_INSTRUCTION_2(kws_arm_shadd16, "shadd16 %0, %1, %2") /* (a + b) >> 1, of the 17-bit sum */
KWS_INSTRUCTION_2(kws_arm_shsub16, "shsub16 %0, %1, %2") /* (a - b) >> 1 */

/* The bottom of a; the top of b << 1 or b << 4. */
KWS_INSTRUCTION_2(kws_arm_pkhbt_lsl1, "pkhbt %0, %1, %2, lsl #1")
KWS_INSTRUCTION_2(kws_arm_pkhbt_lsl4, "pkhbt %0, %1, %2, lsl #4")

/* The top of a; the bottom of b, or of b >> 16. */
KWS_INSTRUCTION_2(kws_arm_pkhtb, "pkhtb %0, %1, %2")
KWS_INSTRUCTION_2(kws_arm_pkhtb_asr16, "pkhtb %0, %1, %2, asr #16")

/* Products of signed halves. */
KWS_INSTRUCTION_2(kws_arm_smulbb, "smulbb %0, %1, %2")     /* bottom * bottom */
KWS_INSTRUCTION_2(kws_arm_smultt, "smultt %0, %1, %2")     /* top * top */
KWS_INSTRUCTION_2(kws_arm_smuad, "smuad %0, %1, %2")       /* bottom * bottom + top * top */
KWS_INSTRUCTION_3(kws_arm_smlabb, "smlabb %0, %1, %2, %3") /* a's bottom * b's bottom + c */
KWS_INSTRUCTION_3(kws_arm_smlatb, "smlatb %0, %1, %2, %3") /* a's top * b's bottom + c */
KWS_INSTRUCTION_3(kws_arm_smlsd, "smlsd %0, %1, %2, %3")   /* bottom * bottom - top * top + c */
KWS_INSTRUCTION_3(kws_arm_smladx, "smladx %0, %1, %2, %3") /* a's bottom * b's top + a's top * b's bottom + c */

#undef KWS_INSTRUCTION_2
#undef KWS_INSTRUCTION_3

/* The absolute value of each half; that of -32768 is -32768. Two instructions, bound together by the flags. */
static inline uint32_t kws_arm_abs16(uint32_t a)
{
    uint32_t result;
    __asm__("ssub16 %0, %2, %1\n\tsel %0, %0, %1" : "=&r"(result) : "r"(a), "r"(0) : "cc");
    return result;
}

#endif
