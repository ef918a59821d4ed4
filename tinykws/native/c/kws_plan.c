/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_plan.h"

#include <string.h>

#include "kws_nn.h"

/* Every kernel that tinykws/aot can call, by its arguments after the parameters. */
#define KERNELS(IN_OUT, IN_OUT_SCRATCH, TWO_IN, THREE_IN, FOUR_IN, MOVE) \
    IN_OUT(kws_nn_average_pool_2d) \
    IN_OUT(kws_nn_conv_2d) \
    IN_OUT(kws_nn_depthwise_conv_2d) \
    IN_OUT(kws_nn_fully_connected) \
    IN_OUT(kws_nn_fully_connected_folded) \
    IN_OUT(kws_nn_fully_connected_rows) \
    IN_OUT(kws_nn_fully_connected_sums) \
    IN_OUT(kws_nn_lookup) \
    IN_OUT(kws_nn_max_pool_2d) \
    IN_OUT(kws_nn_mean) \
    IN_OUT(kws_nn_pad) \
    IN_OUT(kws_nn_reduce_max) \
    IN_OUT(kws_nn_softmax) \
    IN_OUT(kws_nn_strided_copy) \
    IN_OUT(kws_nn_transpose_conv) \
    IN_OUT_SCRATCH(kws_nn_conv_2d_packed) \
    IN_OUT_SCRATCH(kws_nn_conv_2d_packed_pixel) \
    IN_OUT_SCRATCH(kws_nn_conv_2d_packed_strip) \
    IN_OUT_SCRATCH(kws_nn_conv_2d_strip) \
    IN_OUT_SCRATCH(kws_nn_conv_2d_tile) \
    IN_OUT_SCRATCH(kws_nn_conv_2d_wide) \
    IN_OUT_SCRATCH(kws_nn_conv_2d_wide_relu) \
    IN_OUT_SCRATCH(kws_nn_depthwise_conv_2d_packed) \
    IN_OUT_SCRATCH(kws_nn_depthwise_conv_2d_planar) \
    IN_OUT_SCRATCH(kws_nn_depthwise_conv_2d_row) \
    TWO_IN(kws_nn_add) \
    TWO_IN(kws_nn_concatenation_2) \
    TWO_IN(kws_nn_mul) \
    TWO_IN(kws_nn_prelu) \
    TWO_IN(kws_nn_sub) \
    THREE_IN(kws_nn_concatenation_3) \
    FOUR_IN(kws_nn_concatenation_4) \
    MOVE(kws_nn_move)

#define NUMBER(name) NUMBER_##name,
enum { KERNELS(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER) N_KERNELS };

#define NAME(name) #name,
const char *const kws_plan_kernels[] = {KERNELS(NAME, NAME, NAME, NAME, NAME, NAME) NULL};

/* clang-format off */
#define CALL(name, arguments) case NUMBER_##name: name arguments; break;
#define CALL_IN_OUT(name) CALL(name, (step->params, at[0], at[1]))
#define CALL_IN_OUT_SCRATCH(name) CALL(name, (step->params, at[0], at[1], at[2]))
#define CALL_TWO_IN(name) CALL(name, (step->params, at[0], at[1], at[2]))
#define CALL_THREE_IN(name) CALL(name, (step->params, at[0], at[1], at[2], at[3]))
#define CALL_FOUR_IN(name) CALL(name, (step->params, at[0], at[1], at[2], at[3], at[4]))
#define CALL_MOVE(name) CALL(name, (at[1], at[0], step->size))
/* clang-format on */

static int8_t *address_of(const kws_plan_operand *operand, int8_t *arena, uint32_t turn)
{
    if (operand->constant != NULL) {
        return (int8_t *)(uintptr_t)operand->constant; /* kernels only read it */
    }
    return arena + operand->offset + turn % operand->copies * operand->copy_bytes;
}

static void run_step(const kws_plan_step *step, int8_t *arena, uint32_t turn)
{
    int8_t *at[KWS_PLAN_OPERANDS];
    for (int i = 0; i < KWS_PLAN_OPERANDS; i++) {
        at[i] = address_of(&step->operands[i], arena, turn);
    }
    switch (step->kernel) {
        KERNELS(CALL_IN_OUT, CALL_IN_OUT_SCRATCH, CALL_TWO_IN, CALL_THREE_IN, CALL_FOUR_IN, CALL_MOVE)
    default:
        break;
    }
}

static void run_steps(const kws_plan *plan, int8_t *arena, uint32_t turn)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        run_step(&plan->steps[i], arena, turn);
    }
}

void kws_plan_run_windows(const kws_plan *plan, int8_t *arena, const int8_t *inputs, size_t input_step, size_t count,
                          int8_t *outputs)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(arena + plan->input, inputs + i * input_step, plan->input_bytes);
        run_steps(plan, arena, 0);
        memcpy(outputs + i * plan->output_bytes, arena + plan->output, plan->output_bytes);
    }
}

void kws_plan_run_stream(const kws_plan *plan, int8_t *arena, const int8_t *stream, size_t step, size_t skipped,
                         size_t count, int8_t *outputs)
{
    int8_t *const input = arena + plan->input;
    uint32_t turn = 0;
    for (size_t i = 0; i < skipped + count; i++, stream += step) {
        memmove(input, input + step, plan->input_bytes - step);
        memcpy(input + plan->input_bytes - step, stream, step);
        run_steps(plan, arena, turn);
        turn = turn + 1 == plan->copies ? 0 : turn + 1;
        if (i >= skipped) {
            memcpy(outputs, arena + plan->output, plan->output_bytes);
            outputs += plan->output_bytes;
        }
    }
}
