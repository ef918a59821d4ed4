/* SPDX-License-Identifier: Apache-2.0 */
/* Weights and biases are doubled, as kws_nn_scale_doubled() needs sums. */
#include "kws_nn_scaling.h"

#define SCALING_WORDS 3

#ifdef KWS_NN_THUMB
/* clang-format off */
#define ONE_CHANNEL(first, second) \
    "ldm r0!, {r3, r12, lr}\n" \
    KWS_NN_SCALE_DOUBLED(first, "r3", "r12", "lr", "r2") KWS_NN_SCALE_DOUBLED(second, "r3", "r12", "lr", "r2")
/* Four outputs of a pixel as one word, in the third register. */
#define ONE_WORD(a, b, c, d) \
    "bfi " a ", " b ", #8, #24\n" \
    "bfi " c ", " d ", #8, #24\n" \
    "pkhbt " c ", " a ", " c ", lsl #16\n"
#define TILE_OUTPUTS \
    ONE_CHANNEL("r4", "r5") ONE_CHANNEL("r6", "r7") ONE_CHANNEL("r8", "r9") ONE_CHANNEL("r10", "r11") \
    ONE_WORD("r4", "r6", "r8", "r10") ONE_WORD("r5", "r7", "r9", "r11")
#define ONE_SUM(sum) "ldm r1!, {r8-r10}\n" KWS_NN_SCALE_DOUBLED(sum, "r8", "r9", "r10", "r11")
#define PIXEL_OUTPUTS \
    ONE_SUM("r4") ONE_SUM("r5") ONE_SUM("r6") ONE_SUM("r7") ONE_WORD("r4", "r5", "r6", "r7") "mov r4, r6\n"
/* clang-format on */
#else
static inline int8_t output_of(const int32_t *scaling, int32_t sum)
{
    const kws_nn_scaling own = {.multiplier = scaling[0], .offset = scaling[1], .shift = scaling[2]};
    return kws_nn_scale_doubled(&own, sum);
}
#endif

#include "kws_nn_conv_2d_wide.h"

void kws_nn_conv_2d_wide(const kws_nn_conv_2d_wide_params *params, const int8_t *input, int8_t *output, void *scratch)
{
    outputs_of_images(params, input, output, (int16_t *)scratch);
}
