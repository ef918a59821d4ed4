/* SPDX-License-Identifier: Apache-2.0 */
/* From reset to main() on QEMU's RISC-V machine virt, and the handling of traps. All runs in machine mode. */
#include <stdint.h>

#include "kws_port.h"
#include "kws_text.h"
#include "kws_virt.h"

#define FINISHER (*(volatile uint32_t *)0x00100000u)
#define FINISHER_PASS 0x5555u
#define FINISHER_FAIL 0x3333u /* with the exit code in the upper half */

#define CAUSE_IS_INTERRUPT 0x80000000u
#define CAUSE_TIMER (CAUSE_IS_INTERRUPT | 7u)
#define CAUSE_EXTERNAL (CAUSE_IS_INTERRUPT | 11u)

/* Physical memory protection (RISC-V privileged specification, 3.7): a power-of-two range is its address / 4 with the bits
 * below its size / 8 set; a locked entry holds in machine mode too. */
#define CODE_4_MB ((0x80000000u >> 2) | (0x400000u / 8 - 1))
#define LOCKED_READ_EXECUTE 0x9du /* L, NAPOT, X, R */

/* Places that the linker script names. */
extern uint32_t kws_data_begin[], kws_data_end[], kws_bss_begin[], kws_bss_end[];
extern const uint32_t kws_data_in_code[];

int main(void);
void kws_reset(void);
void kws_start(void);
void kws_trap(void);
void kws_exception_report(uint32_t cause, uint32_t at);

/* The first instructions of all. */
__attribute__((naked, section(".reset"))) void kws_reset(void)
{
    __asm volatile(".option push\n"
                   ".option norelax\n"
                   "la gp, __global_pointer$\n"
                   ".option pop\n"
                   "la sp, kws_stack_top\n"
                   "j kws_start\n");
}

static void forbid_writing_to_code(void)
{
    __asm volatile("csrw pmpaddr0, %0\n csrw pmpcfg0, %1" ::"r"(CODE_4_MB), "r"(LOCKED_READ_EXECUTE));
}

/* Loops over memory stay loops: as calls of memcpy() and memset() they would take flash, and library code would run before
 * its data are there. */
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void kws_start(void)
{
    const uint32_t *from = kws_data_in_code;
    for (uint32_t *to = kws_data_begin; to < kws_data_end; ++to) {
        *to = *from++;
    }
    for (uint32_t *to = kws_bss_begin; to < kws_bss_end; ++to) {
        *to = 0;
    }
    forbid_writing_to_code();
    __asm volatile("csrw mtvec, %0" ::"r"(kws_trap));
    kws_virt_exit(main());
}

/* Interrupts are served and gone back from; an exception is the end. It gets the stack empty: the stack may be what is
 * broken, and so nothing may be saved on it before that is known: mscratch holds t0 meanwhile. */
__attribute__((naked, aligned(4))) void kws_trap(void)
{
    __asm volatile("csrw mscratch, t0\n"
                   "csrr t0, mcause\n"
                   "bltz t0, kws_serve_interrupt\n"
                   "la sp, kws_stack_top\n"
                   "mv a0, t0\n"
                   "csrr a1, mepc\n"
                   "j kws_exception_report\n");
}

static void serve_external(void)
{
    const uint32_t irq = KWS_PLIC_CLAIM;
    if (irq == KWS_VIRT_UART_IRQ) {
        kws_virt_on_uart();
    }
    KWS_PLIC_CLAIM = irq;
}

/* t0 is still in mscratch: back there first, so that the compiler saves the interrupted program's. */
__attribute__((naked, used)) static void kws_serve_interrupt(void)
{
    __asm volatile("csrr t0, mscratch\n"
                   "j kws_interrupt\n");
}

__attribute__((interrupt("machine"), used)) static void kws_interrupt(void)
{
    uint32_t cause;
    __asm volatile("csrr %0, mcause" : "=r"(cause));
    if (cause == CAUSE_TIMER) {
        kws_virt_on_timer();
    } else if (cause == CAUSE_EXTERNAL) {
        serve_external();
    }
}

/* Reads what the host is still sending until it is quiet: if QEMU ended with input unread, the connection would be reset
 * and the system would discard our output.
 */
static void drain_serial_input(void)
{
    const uint32_t quiet_ticks = KWS_VIRT_TIMER_HZ / 50;
    uint32_t last = KWS_VIRT_TIME[0];
    while (KWS_VIRT_TIME[0] - last < quiet_ticks) {
        if (KWS_VIRT_UART->line_status & KWS_UART_STATUS_RX_FULL) {
            (void)KWS_VIRT_UART->data;
            last = KWS_VIRT_TIME[0];
        }
    }
}

/* Reports where it happened, on a line of its own, and ends with the exception's exit code. */
void kws_exception_report(uint32_t cause, uint32_t at)
{
    static kws_text text = {.sink = kws_port_serial_write};
    kws_text_put(&text, "\nkws error exception number 0x");
    kws_text_put_hex(&text, cause);
    kws_text_put(&text, " at 0x");
    kws_text_put_hex(&text, at);
    kws_text_end_line(&text);
    drain_serial_input();
    kws_virt_exit(KWS_EXIT_EXCEPTION + (int)cause);
}

void kws_virt_exit(int code)
{
    for (;;) {
        FINISHER = code == 0 ? FINISHER_PASS : (uint32_t)code << 16 | FINISHER_FAIL;
    }
}
