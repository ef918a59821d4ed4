/* SPDX-License-Identifier: Apache-2.0 */
/* From reset to main() on QEMU's mps2-an386, and the handling of faults. */
#include <stddef.h>
#include <stdint.h>

#include "kws_mps2.h"

#define COPROCESSOR_ACCESS (*(volatile uint32_t *)0xe000ed88u) /* CPACR */
#define FPU_FULL_ACCESS (0xfu << 20)
#define SYSTEM_HANDLERS (*(volatile uint32_t *)0xe000ed24u) /* SHCSR */
#define SEPARATE_FAULTS (7u << 16)                          /* usage, bus and memory faults get their own exceptions */
#define CONFIGURATION (*(volatile uint32_t *)0xe000ed14u)   /* CCR */
#define TRAP_DIVISION_BY_ZERO (1u << 4)

/* The memory protection unit (ARMv7-M, B3.5). */
#define MPU_CONTROL (*(volatile uint32_t *)0xe000ed94u)
#define MPU_REGION_NUMBER (*(volatile uint32_t *)0xe000ed98u)
#define MPU_REGION_BASE (*(volatile uint32_t *)0xe000ed9cu)
#define MPU_REGION_SIZE_AND_RIGHTS (*(volatile uint32_t *)0xe000eda0u)
#define MPU_ON_WITH_DEFAULT_MAP 5u
#define NO_ACCESS_256_MB (27u << 1 | 1u)
#define BELOW_DATA_MEMORY 0x10000000u

#define SEMIHOSTING_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT 0x20026u

/* Places that the linker script names. */
extern uint32_t kws_stack_top[], kws_data_begin[], kws_data_end[], kws_bss_begin[], kws_bss_end[];
extern const uint32_t kws_data_in_code[];
extern void (*const kws_init_array_begin[])(void);
extern void (*const kws_init_array_end[])(void);

int main(void);
void kws_reset(void);
void kws_exception(void);
void kws_exception_report(const uint32_t *frame, uint32_t number);

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} vector;

#define SYSTEM_VECTORS 16

__attribute__((section(".vectors"), used)) static const vector vectors[SYSTEM_VECTORS + KWS_MPS2_IRQS] = {
    [0] = {.stack = kws_stack_top},
    [1] = {.handler = kws_reset},
    [2] = {.handler = kws_exception},
    [3] = {.handler = kws_exception},
    [4] = {.handler = kws_exception},
    [5] = {.handler = kws_exception},
    [6] = {.handler = kws_exception},
    [11] = {.handler = kws_exception},
    [12] = {.handler = kws_exception},
    [14] = {.handler = kws_exception},
    [15] = {.handler = kws_exception},
    [SYSTEM_VECTORS + KWS_MPS2_UART0_RX_IRQ] = {.handler = kws_uart0_rx_handler},
    [SYSTEM_VECTORS + KWS_MPS2_TIMER0_IRQ] = {.handler = kws_timer0_handler},
};

/* QEMU takes writes below the data memory and forgets them: a stack that grows out of it would go on without memory. */
static void forbid_what_is_below_the_stack(void)
{
    MPU_REGION_NUMBER = 0;
    MPU_REGION_BASE = BELOW_DATA_MEMORY;
    MPU_REGION_SIZE_AND_RIGHTS = NO_ACCESS_256_MB;
    MPU_CONTROL = MPU_ON_WITH_DEFAULT_MAP;
    __asm volatile("dsb\n isb" ::: "memory");
}

/* Loops over memory stay loops: as calls of memcpy() and memset() they would take flash, and library code would run before
 * its data are there. */
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void kws_reset(void)
{
    const uint32_t *from = kws_data_in_code;
    COPROCESSOR_ACCESS |= FPU_FULL_ACCESS;
    __asm volatile("dsb\n isb" ::: "memory");
    SYSTEM_HANDLERS |= SEPARATE_FAULTS;
    CONFIGURATION |= TRAP_DIVISION_BY_ZERO;
    forbid_what_is_below_the_stack();
    for (uint32_t *to = kws_data_begin; to < kws_data_end; ++to) {
        *to = *from++;
    }
    for (uint32_t *to = kws_bss_begin; to < kws_bss_end; ++to) {
        *to = 0;
    }
    for (void (*const *construct)(void) = kws_init_array_begin; construct < kws_init_array_end; ++construct) {
        (*construct)();
    }
    kws_mps2_exit(main());
}

/* The stack may be what is broken: the report gets it empty. */
__attribute__((naked)) void kws_exception(void)
{
    __asm volatile("mov r0, sp\n"
                   "mrs r1, ipsr\n"
                   "ldr r2, =kws_stack_top\n"
                   "mov sp, r2\n"
                   "b kws_exception_report\n");
}

static void put_text(const char *text)
{
    while (*text != '\0') {
        while (KWS_MPS2_UART0->state & KWS_UART_STATE_TX_FULL) {
        }
        KWS_MPS2_UART0->data = (uint8_t)*text++;
    }
}

static void put_hex(uint32_t number)
{
    char digit[2] = {0, 0};
    for (int shift = 28; shift >= 0; shift -= 4) {
        digit[0] = "0123456789abcdef"[number >> shift & 15];
        put_text(digit);
    }
}

/* Reads what the host is still sending until it is quiet: if QEMU ended with input unread, the connection would be reset
 * and the system would discard our output.
 */
static void drain_serial_input(void)
{
    const uint32_t quiet_ticks = KWS_MPS2_CLOCK_HZ / 50;
    uint32_t last = UINT32_MAX;
    KWS_MPS2_TIMER0->reload = UINT32_MAX;
    KWS_MPS2_TIMER0->value = UINT32_MAX;
    KWS_MPS2_TIMER0->control = KWS_TIMER_CONTROL_ENABLE;
    while (last - KWS_MPS2_TIMER0->value < quiet_ticks) {
        if (KWS_MPS2_UART0->state & KWS_UART_STATE_RX_FULL) {
            (void)KWS_MPS2_UART0->data;
            last = KWS_MPS2_TIMER0->value;
        }
    }
}

/* Reports where it happened, on a line of its own, and ends with the exception's exit code. */
void kws_exception_report(const uint32_t *frame, uint32_t number)
{
    const uintptr_t at = (uintptr_t)frame;
    const uintptr_t data_memory = 0x20000000u;
    put_text("\nkws error exception number 0x");
    put_hex(number);
    if (at >= data_memory && at + 32 <= (uintptr_t)kws_stack_top) {
        put_text(" at 0x");
        put_hex(frame[6]); /* r0-r3, r12, lr, pc, psr */
    }
    put_text("\n");
    drain_serial_input();
    kws_mps2_exit(KWS_EXIT_EXCEPTION + (int)number);
}

void kws_mps2_exit(int code)
{
    const uint32_t arguments[2] = {APPLICATION_EXIT, (uint32_t)code};
    register uint32_t operation __asm("r0") = SEMIHOSTING_EXIT_EXTENDED;
    register const uint32_t *parameters __asm("r1") = arguments;
    for (;;) {
        __asm volatile("bkpt 0xab" : "+r"(operation) : "r"(parameters) : "memory");
    }
}
