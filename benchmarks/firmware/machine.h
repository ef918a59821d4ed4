/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs here want of an emulated machine: a count of instructions, a serial line, an end. One of
 * machine_mps2.c and machine_virt.c is compiled with them, and the start-up code of firmware/ports.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __riscv
#include "kws_virt.h"
#define MACHINE_PORT (KWS_VIRT_UART->data) /* a byte from or to the world, for programs that only show their size */
#define MACHINE_STACK_BOTTOM 0x80400000u
#else
#include "kws_mps2.h"
#define MACHINE_PORT (KWS_MPS2_UART0->data)
#define MACHINE_STACK_BOTTOM 0x20000000u
#endif

extern uint32_t kws_stack_top[];

/* Before all else. */
void machine_start(void);

/* A moment, to give to the next. */
uint32_t machine_now(void);

/* Instructions from a moment on, those of the two calls with it. */
uint32_t machine_instructions_since(uint32_t moment);

void machine_write(const uint8_t *bytes, size_t count);
void machine_exit(void);

#endif
