/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs below the zero point are clamped to it, so that the sign of a sum does not matter, and tinykws has shown at build
 * time that no sum leaves 32 bits times 2^(17 - s), for a shift s of 1 to 9 to the right. Columns hold 2^8 times the input,
 * its zero point being in the bias, and weights 2^(9 - s) times the model's. With x of kws_nn_scaling.h an output is
 *     (x + 2^(s - 1)) >> s = (2^(17 - s) * sum * multiplier + 2^47 + 2^(47 - s)) >> 48,
 * and the multiplication that leaves the upper word leaves it in the upper half: two are packed, saturated together and stored
 * as bytes with no shift of their own. Offsets add the zero point and 128, so that outputs are saturated to 0 to 255.
 */
#define KWS_NN_COLUMNS_TIMES_256
#include "kws_nn_scaling.h"

#define SCALING_WORDS 2 /* multiplier and offset */

#ifdef KWS_NN_THUMB
/* clang-format off */
/* Four sums, their outputs in upper halves, become a word of four outputs, in the third register. */
#define ONE_WORD(a, b, c, d) \
    "pkhtb " c ", " c ", " a ", asr #16\n" \
    "pkhtb " d ", " d ", " b ", asr #16\n" \
    "usat16 " c ", #8, " c "\n" \
    "usat16 " d ", #8, " d "\n" \
    "orr " c ", " c ", " d ", lsl #8\n" \
    "eor " c ", " c ", #0x80808080\n"
#define TWO_BY_TWO(a0, a1, b0, b1) \
    "ldm r0!, {r2, r3, r12, lr}\n" \
    "smmla " a0 ", " a0 ", r2, r3\n" \
    "smmla " a1 ", " a1 ", r2, r3\n" \
    "smmla " b0 ", " b0 ", r12, lr\n" \
    "smmla " b1 ", " b1 ", r12, lr\n"
#define TILE_OUTPUTS \
    TWO_BY_TWO("r4", "r5", "r6", "r7") TWO_BY_TWO("r8", "r9", "r10", "r11") \
    ONE_WORD("r4", "r6", "r8", "r10") ONE_WORD("r5", "r7", "r9", "r11")
#define TWO_SUMS(a, b) \
    "ldm r1!, {r8-r11}\n" \
    "smmla " a ", " a ", r8, r9\n" \
    "smmla " b ", " b ", r10, r11\n"
#define PIXEL_OUTPUTS TWO_SUMS("r4", "r5") TWO_SUMS("r6", "r7") ONE_WORD("r4", "r5", "r6", "r7") "mov r4, r6\n"
/* clang-format on */
#else
static inline int8_t output_of(const int32_t *scaling, int32_t sum)
{
    const int32_t value = (int32_t)((int64_t)sum * scaling[0] >> 32) + scaling[1];
    return (int8_t)(kws_nn_clamp(value >> 16, 0, UINT8_MAX) + INT8_MIN);
}
#endif

#include "kws_nn_conv_2d_wide.h"

void kws_nn_conv_2d_wide_relu(const kws_nn_conv_2d_wide_params *params, const int8_t *input, int8_t *output,
                              void *scratch)
{
    outputs_of_images(params, input, output, (int16_t *)scratch);
}
