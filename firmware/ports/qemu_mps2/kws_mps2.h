/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of QEMU's mps2-an386 that we use: ARM's CMSDK UART and timer (ARM DDI 0479), and semihosting's exit. */
#ifndef KWS_MPS2_H
#define KWS_MPS2_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_MPS2_CLOCK_HZ 25000000u

typedef struct {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t control;
    volatile uint32_t interrupt; /* write 1 to clear */
    volatile uint32_t baud_divisor;
} kws_mps2_uart;

#define KWS_UART_STATE_TX_FULL 1u
#define KWS_UART_STATE_RX_FULL 2u
#define KWS_UART_CONTROL_TX 1u
#define KWS_UART_CONTROL_RX 2u
#define KWS_UART_CONTROL_RX_INTERRUPT 8u
#define KWS_UART_INTERRUPT_RX 2u

typedef struct {
    volatile uint32_t control;
    volatile uint32_t value; /* counts down */
    volatile uint32_t reload;
    volatile uint32_t interrupt; /* write 1 to clear */
} kws_mps2_timer;

#define KWS_TIMER_CONTROL_ENABLE 1u
#define KWS_TIMER_CONTROL_INTERRUPT 8u

/* The LEDs of the board's FPGA (ARM DAI 0386, "FPGA system control and I/O"): one bit each, 1 is on. */
#define KWS_MPS2_LEDS (*(volatile uint32_t *)0x40028000u)

#define KWS_MPS2_UART0 ((kws_mps2_uart *)0x40004000u)
#define KWS_MPS2_TIMER0 ((kws_mps2_timer *)0x40000000u)

/* Interrupt numbers, as the NVIC counts them. */
#define KWS_MPS2_UART0_RX_IRQ 0u
#define KWS_MPS2_TIMER0_IRQ 8u
#define KWS_MPS2_IRQS 16u

/* Exit codes of an emulated program, besides its own. */
#define KWS_EXIT_HOST_SILENT 62 /* no byte on the serial port for ten minutes */
#define KWS_EXIT_EXCEPTION 64   /* + the exception's number: 67 HardFault, 68 MemManage, 69 BusFault, 70 UsageFault */

/* The interrupt handlers, named by the vector table. */
void kws_uart0_rx_handler(void);
void kws_timer0_handler(void);

/* Ends the emulation. */
void kws_mps2_exit(int code);

#ifdef __cplusplus
}
#endif
#endif
