/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of QEMU's RISC-V machine virt that we use: a 16550 UART, the CLINT's timer, the PLIC that carries the
 * UART's interrupt (RISC-V PLIC specification 1.0), and the register that ends the emulation.
 */
#ifndef KWS_VIRT_H
#define KWS_VIRT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    volatile uint8_t data;
    volatile uint8_t interrupt_enable;
    volatile uint8_t fifo_control;
    volatile uint8_t line_control;
    volatile uint8_t modem_control;
    volatile uint8_t line_status;
} kws_virt_uart;

#define KWS_UART_INTERRUPT_RX 1u
#define KWS_UART_FIFO_ON 1u
#define KWS_UART_8_BITS 3u
#define KWS_UART_STATUS_RX_FULL 1u
#define KWS_UART_STATUS_TX_EMPTY 0x20u

#define KWS_VIRT_UART ((kws_virt_uart *)0x10000000u)
#define KWS_VIRT_UART_IRQ 10u

/* Counts at 10 MHz; two words each. An interrupt waits while time >= compare. */
#define KWS_VIRT_TIMER_HZ 10000000u
#define KWS_VIRT_TIME ((volatile uint32_t *)0x0200bff8u)
#define KWS_VIRT_TIME_COMPARE ((volatile uint32_t *)0x02004000u)

/* Of the first hart in machine mode. */
#define KWS_PLIC_PRIORITY(irq) (((volatile uint32_t *)0x0c000000u)[irq])
#define KWS_PLIC_ENABLE (*(volatile uint32_t *)0x0c002000u)
#define KWS_PLIC_THRESHOLD (*(volatile uint32_t *)0x0c200000u)
#define KWS_PLIC_CLAIM (*(volatile uint32_t *)0x0c200004u) /* read: takes the interrupt; write: has served it */

/* Exit codes of an emulated program, besides its own. */
#define KWS_EXIT_HOST_SILENT 62 /* no byte on the serial port for ten minutes */
#define KWS_EXIT_EXCEPTION 64   /* + mcause: 66 illegal instruction, 67 breakpoint, 69 load, 71 store access fault */

/* The interrupt handlers, called by the trap's. */
void kws_virt_on_uart(void);
void kws_virt_on_timer(void);

/* Ends the emulation. */
void kws_virt_exit(int code);

#ifdef __cplusplus
}
#endif
#endif
