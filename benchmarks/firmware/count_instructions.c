/* Runs a model on an emulated machine and tells, over the serial line: what known loops count, instructions of the
 * whole inference and of each op, the deepest stack, and the output's bytes. programs.py compiles it with model_aot.c,
 * to which it adds a call of count_op() behind each op.
 */
#include "kws_text.h"
#include "machine.h"
#include "model_aot.h"

#define MAX_OPS 64
#define PAINT 0xa5a5a5a5u
#define SPARED_BYTES 256 /* of this function's own, not painted */

static uint32_t op_began;
static uint32_t op_instructions[MAX_OPS];
static uint32_t of_measuring; /* instructions that measuring itself takes */
static kws_text out = {machine_write, 0, {0}};

void count_op(int index);
void kws_model_invoke_counted(void);

static void tell(const char *name, uint32_t number)
{
    kws_text_put(&out, name);
    kws_text_put(&out, " ");
    kws_text_put_unsigned(&out, number);
    kws_text_end_line(&out);
}

void count_op(int index)
{
    op_instructions[index] += machine_instructions_since(op_began) - of_measuring;
    op_began = machine_now();
}

/* Two instructions a round. */
static __attribute__((noinline)) uint32_t loop_instructions(uint32_t rounds)
{
    const uint32_t began = machine_now();
#ifdef __riscv
    __asm volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(rounds));
#else
    __asm volatile(".syntax unified\n1: subs %0, %0, #1\n bne 1b" : "+r"(rounds) : : "cc");
#endif
    return machine_instructions_since(began);
}

static void fill_input(void)
{
    uint32_t state = 1;
    for (int32_t i = 0; i < KWS_MODEL_INPUT_BYTES; ++i) {
        state = state * 1664525u + 1013904223u;
        kws_model_input()[i] = (int8_t)(state >> 24);
    }
}

static __attribute__((noinline)) uint32_t stack_of_invoke(void)
{
    uint32_t *const here = (uint32_t *)((uintptr_t)__builtin_frame_address(0) - SPARED_BYTES);
    uint32_t *const bottom = (uint32_t *)MACHINE_STACK_BOTTOM;
    for (uint32_t *word = bottom; word < here; ++word) {
        *word = PAINT;
    }
    kws_model_invoke();
    const uint32_t *deepest = bottom;
    while (deepest < here && *deepest == PAINT) {
        ++deepest;
    }
    return (uint32_t)((uintptr_t)kws_stack_top - (uintptr_t)deepest);
}

int main(void)
{
    machine_start();
    of_measuring = loop_instructions(1) - 2;
    tell("calibration 1000", loop_instructions(1000) - of_measuring);
    tell("calibration 100000", loop_instructions(100000) - of_measuring);
    fill_input();
    const uint32_t began = machine_now();
    kws_model_invoke();
    tell("whole", machine_instructions_since(began) - of_measuring);
    fill_input();
    op_began = machine_now();
    kws_model_invoke_counted();
    for (uint32_t i = 0; i < MAX_OPS; ++i) {
        if (op_instructions[i] != 0) {
            kws_text_put(&out, "op ");
            kws_text_put_unsigned(&out, i);
            tell("", op_instructions[i]);
        }
    }
    fill_input();
    tell("stack", stack_of_invoke());
    kws_text_put(&out, "output");
    for (int32_t i = 0; i < KWS_MODEL_OUTPUT_BYTES; ++i) {
        kws_text_put(&out, " ");
        kws_text_put_signed(&out, kws_model_output()[i]);
    }
    kws_text_end_line(&out);
    machine_exit();
}
