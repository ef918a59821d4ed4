/* Runs a model once on an emulated machine and tells, over the serial line: what known loops count, instructions of the
 * whole inference and of each op, the deepest stack, and the output's bytes. measure.py compiles it with model_aot.c,
 * which it has given a call of count_op() behind each op.
 *
 * QEMU runs with -icount shift=8: an instruction takes 256 ns, 6.4 ticks of the 25 MHz timer, so ticks give
 * instructions without a remainder of doubt.
 */
#include <stddef.h>
#include <stdint.h>

#include "kws_mps2.h"
#include "kws_text.h"
#include "model_aot.h"

#define MAX_OPS 64
#define PAINT 0xa5a5a5a5u
#define SPARED_BYTES 256 /* of this function's own, not painted */

extern uint32_t kws_stack_top[];
static uint32_t *const stack_bottom = (uint32_t *)0x20000000u;

static uint32_t op_began;
static uint32_t op_instructions[MAX_OPS];

void count_op(int index);
void kws_model_invoke_counted(void);

void kws_uart0_rx_handler(void)
{
}

void kws_timer0_handler(void)
{
}

static void write_serial(const uint8_t *bytes, size_t count)
{
    for (; count > 0; --count) {
        while (KWS_MPS2_UART0->state & KWS_UART_STATE_TX_FULL) {
        }
        KWS_MPS2_UART0->data = *bytes++;
    }
}

static kws_text out = {write_serial, 0, {0}};

static void tell(const char *name, uint32_t number)
{
    kws_text_put(&out, name);
    kws_text_put(&out, " ");
    kws_text_put_unsigned(&out, number);
    kws_text_end_line(&out);
}

static uint32_t ticks(void)
{
    return UINT32_MAX - KWS_MPS2_TIMER0->value;
}

static uint32_t instructions_since(uint32_t began)
{
    return (uint32_t)(((uint64_t)(ticks() - began) * 40 + 128) / 256);
}

void count_op(int index)
{
    op_instructions[index] = instructions_since(op_began);
    op_began = ticks();
}

/* Two instructions a round. */
static uint32_t loop_instructions(uint32_t rounds)
{
    const uint32_t began = ticks();
    __asm volatile("1: subs %0, %0, #1\n bne 1b" : "+r"(rounds) : : "cc");
    return instructions_since(began);
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
    for (uint32_t *word = stack_bottom; word < here; ++word) {
        *word = PAINT;
    }
    kws_model_invoke();
    const uint32_t *deepest = stack_bottom;
    while (deepest < here && *deepest == PAINT) {
        ++deepest;
    }
    return (uint32_t)((uintptr_t)kws_stack_top - (uintptr_t)deepest);
}

int main(void)
{
    KWS_MPS2_UART0->baud_divisor = 16;
    KWS_MPS2_UART0->control = KWS_UART_CONTROL_TX;
    KWS_MPS2_TIMER0->reload = UINT32_MAX;
    KWS_MPS2_TIMER0->value = UINT32_MAX;
    KWS_MPS2_TIMER0->control = KWS_TIMER_CONTROL_ENABLE;
    const uint32_t nothing = loop_instructions(1);
    tell("calibration 1000", loop_instructions(1001) - nothing);
    tell("calibration 100000", loop_instructions(100001) - nothing);
    fill_input();
    const uint32_t began = ticks();
    kws_model_invoke();
    const uint32_t whole = instructions_since(began);
    tell("whole", whole - (nothing - 2));
    fill_input();
    op_began = ticks();
    kws_model_invoke_counted();
    for (uint32_t i = 0; i < MAX_OPS; ++i) {
        if (op_instructions[i] != 0) {
            kws_text_put(&out, "op ");
            kws_text_put_unsigned(&out, i);
            tell("", op_instructions[i] - (nothing - 2));
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
    kws_mps2_exit(0);
}
