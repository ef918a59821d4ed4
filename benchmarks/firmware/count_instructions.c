/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a model on an emulated machine and tells, over the serial line: what known loops count, instructions of the
 * whole inference and of each op, the deepest stack, and the output's bytes. programs.py compiles it with model_aot.c,
 * to which it adds a call of count_op() behind each op.
 */
#include "measuring.h"
#include "model_aot.h"

#define MAX_OPS 64

static uint32_t op_began;
static uint32_t op_instructions[MAX_OPS];
static uint32_t of_measuring; /* instructions that measuring itself takes */

void count_op(int index);
void kws_model_invoke_counted(void);

void count_op(int index)
{
    op_instructions[index] += machine_instructions_since(op_began) - of_measuring;
    op_began = machine_now();
}

/* Of a model that keeps state, every inference here is the first after a reset. */
static void fill_input(void)
{
#ifdef KWS_MODEL_STATE_BYTES
    kws_model_reset();
#endif
    uint32_t state = 1;
    for (int32_t i = 0; i < KWS_MODEL_INPUT_BYTES; ++i) {
        state = state * 1664525u + 1013904223u;
        kws_model_input()[i] = (int8_t)(state >> 24);
    }
}

int main(void)
{
    of_measuring = measuring_begin();
    fill_input();
    const uint32_t began = machine_now();
    kws_model_invoke();
    measuring_tell("whole", machine_instructions_since(began) - of_measuring);
    fill_input();
    op_began = machine_now();
    kws_model_invoke_counted();
    for (uint32_t i = 0; i < MAX_OPS; ++i) {
        if (op_instructions[i] != 0) {
            kws_text_put(&measuring_out, "op ");
            kws_text_put_unsigned(&measuring_out, i);
            measuring_tell("", op_instructions[i]);
        }
    }
    fill_input();
    measuring_paint_stack();
    kws_model_invoke();
    measuring_tell("stack", measuring_deepest_stack());
    kws_text_put(&measuring_out, "output");
    for (int32_t i = 0; i < KWS_MODEL_OUTPUT_BYTES; ++i) {
        kws_text_put(&measuring_out, " ");
        kws_text_put_signed(&measuring_out, kws_model_output()[i]);
    }
    kws_text_end_line(&measuring_out);
    machine_exit();
}
