/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over a row of values by the weights of four units at once: what dense layers are made of.
 *
 * Weights: [values / 4][4 units][4]; the number of values is a multiple of four.
 */
#ifndef KWS_NN_DOT_PRODUCTS_H
#define KWS_NN_DOT_PRODUCTS_H

#include "kws_nn_scaling.h"

/* Units at once: each input is loaded once for all of them. tinykws fills weights and bias up to a multiple of it. */
#define KWS_NN_UNITS 4

#ifdef KWS_NN_THUMB
/* clang-format off */
#define KWS_NN_ONE_UNIT(word, sum) \
    "sxtb16 r12, " word "\n" \
    "smlad " sum ", r12, r2, " sum "\n" \
    "sxtb16 r12, " word ", ror #8\n" \
    "smlad " sum ", r12, r9, " sum "\n"
#define KWS_NN_TWO_UNITS(sum0, sum1) "ldrd r8, lr, [r0], #8\n" KWS_NN_ONE_UNIT("r8", sum0) KWS_NN_ONE_UNIT("lr", sum1)

/* r0 weights, r1 row, r2 its end, r3 sums. Then r4 to r7 the sums, r2 and r9 the row's values, r8 and lr weights of two
 * units; the end in r10, sums in r11. */
KWS_NN_ASSEMBLY static void kws_nn_add_dot_products(KWS_NN_UNUSED const int8_t *weights, KWS_NN_UNUSED const int8_t *row,
                                             KWS_NN_UNUSED const int8_t *row_end, KWS_NN_UNUSED int32_t *sums)
{
    __asm__("push {r4-r11, lr}\n"
            "ldm r3, {r4-r7}\n"
            "mov r10, r2\n"
            "mov r11, r3\n"
            "1: ldr r3, [r1], #4\n"
            "sxtb16 r2, r3\n"
            "sxtb16 r9, r3, ror #8\n"
            KWS_NN_TWO_UNITS("r4", "r5") KWS_NN_TWO_UNITS("r6", "r7")
            "cmp r1, r10\n"
            "bne 1b\n"
            "stm r11, {r4-r7}\n"
            "pop {r4-r11, pc}\n");
}
/* clang-format on */
#else
static void kws_nn_add_dot_products(const int8_t *weights, const int8_t *row, const int8_t *row_end, int32_t *sums)
{
    for (; row < row_end; row += 4) {
        for (int32_t i = 0; i < KWS_NN_UNITS; i++, weights += 4) {
            sums[i] += weights[0] * row[0] + weights[1] * row[1] + weights[2] * row[2] + weights[3] * row[3];
        }
    }
}
#endif

#endif
