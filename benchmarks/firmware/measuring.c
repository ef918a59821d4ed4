/* SPDX-License-Identifier: Apache-2.0 */
#include "measuring.h"

#define PAINT 0xa5a5a5a5u
#define SPARED_BYTES 64 /* of the painting function's own */

kws_text measuring_out = {machine_write, 0, {0}};

void measuring_tell(const char *name, uint32_t number)
{
    kws_text_put(&measuring_out, name);
    kws_text_put(&measuring_out, " ");
    kws_text_put_unsigned(&measuring_out, number);
    kws_text_end_line(&measuring_out);
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

uint32_t measuring_begin(void)
{
    machine_start();
    const uint32_t of_measuring = loop_instructions(1) - 2;
    measuring_tell("calibration 1000", loop_instructions(1000) - of_measuring);
    measuring_tell("calibration 100000", loop_instructions(100000) - of_measuring);
    return of_measuring;
}

__attribute__((noinline)) void measuring_paint_stack(void)
{
    uint32_t *const here = (uint32_t *)((uintptr_t)__builtin_frame_address(0) - SPARED_BYTES);
    for (volatile uint32_t *word = (uint32_t *)MACHINE_STACK_BOTTOM; word < here; ++word) {
        *word = PAINT;
    }
}

uint32_t measuring_deepest_stack(void)
{
    const uint32_t *deepest = (const uint32_t *)MACHINE_STACK_BOTTOM;
    while (*deepest == PAINT) {
        ++deepest;
    }
    return (uint32_t)((uintptr_t)kws_stack_top - (uintptr_t)deepest);
}
