/* SPDX-License-Identifier: Apache-2.0 */
/* The RISC-V machine that QEMU calls virt: a serial port and a clock. */
#include "kws_port.h"

#include "kws_fast_transport.h"
#include "kws_user.h"
#include "kws_virt.h"

#define SILENCE_LIMIT_SECONDS 600u
#define TICKS_PER_MICROSECOND (KWS_VIRT_TIMER_HZ / 1000000u)

#define STATUS_INTERRUPTS 8u /* mstatus.MIE */
#define ENABLE_TIMER 0x80u   /* mie.MTIE */
#define ENABLE_EXTERNAL 0x800u

/* The emulator knows the request by the two shifts around the break, all three on one page. */
static int32_t semihosting(uint32_t operation, const uintptr_t *arguments)
{
    register uint32_t request __asm("a0") = operation;
    register const uintptr_t *block __asm("a1") = arguments;
    __asm volatile(".option push\n"
                   ".option norvc\n"
                   ".balign 16\n"
                   "slli x0, x0, 0x1f\n"
                   "ebreak\n"
                   "srai x0, x0, 7\n"
                   ".option pop\n"
                   : "+r"(request)
                   : "r"(block)
                   : "memory");
    return (int32_t)request;
}

static kws_fast_transport transport;
static volatile uint32_t silent_seconds;

void kws_virt_on_uart(void)
{
    while (KWS_VIRT_UART->line_status & KWS_UART_STATUS_RX_FULL) {
        kws_fast_transport_put(&transport, KWS_VIRT_UART->data);
    }
}

/* Read again where the lower word has just run over. */
static uint64_t time_ticks(void)
{
    uint32_t high, low;
    do {
        high = KWS_VIRT_TIME[1];
        low = KWS_VIRT_TIME[0];
    } while (high != KWS_VIRT_TIME[1]);
    return (uint64_t)high << 32 | low;
}

/* The upper word is out of reach while the lower changes, so that no moment in between rings. */
static void ring_in_a_second(void)
{
    const uint64_t at = time_ticks() + KWS_VIRT_TIMER_HZ;
    KWS_VIRT_TIME_COMPARE[1] = UINT32_MAX;
    KWS_VIRT_TIME_COMPARE[0] = (uint32_t)at;
    KWS_VIRT_TIME_COMPARE[1] = (uint32_t)(at >> 32);
}

/* Once a second. An emulator whose host has gone would run forever: it ends by itself. */
void kws_virt_on_timer(void)
{
    ring_in_a_second();
    silent_seconds = silent_seconds + 1;
    if (silent_seconds > SILENCE_LIMIT_SECONDS) {
        kws_virt_exit(KWS_EXIT_HOST_SILENT);
    }
    kws_user_watch();
}

void kws_port_init(void)
{
    transport.ask = semihosting;
    KWS_VIRT_UART->line_control = KWS_UART_8_BITS;
    KWS_VIRT_UART->fifo_control = KWS_UART_FIFO_ON;
    KWS_VIRT_UART->interrupt_enable = KWS_UART_INTERRUPT_RX;
    KWS_PLIC_PRIORITY(KWS_VIRT_UART_IRQ) = 1;
    KWS_PLIC_ENABLE = 1u << KWS_VIRT_UART_IRQ;
    KWS_PLIC_THRESHOLD = 0;
    ring_in_a_second();
    __asm volatile("csrs mie, %0" ::"r"(ENABLE_TIMER | ENABLE_EXTERNAL));
    __asm volatile("csrs mstatus, %0" ::"r"(STATUS_INTERRUPTS) : "memory");
}

size_t kws_port_serial_read(uint8_t *bytes, size_t capacity)
{
    const size_t count = kws_fast_transport_take(&transport, bytes, capacity);
    if (count > 0) {
        silent_seconds = 0;
    }
    return count;
}

size_t kws_port_serial_capacity(void)
{
    return KWS_FAST_TRANSPORT_RING_BYTES;
}

void kws_port_serial_write(const uint8_t *bytes, size_t count)
{
    for (; count > 0; --count) {
        while (!(KWS_VIRT_UART->line_status & KWS_UART_STATUS_TX_EMPTY)) {
        }
        KWS_VIRT_UART->data = *bytes++;
    }
}

void kws_port_led(uint8_t red, uint8_t green, uint8_t blue)
{
    (void)red;
    (void)green;
    (void)blue;
}

uint32_t kws_port_micros(void)
{
    return (uint32_t)(time_ticks() / TICKS_PER_MICROSECOND);
}

/* Interrupts wait while we look, so that none can slip in between the look and the sleep: WFI wakes for a waiting one. */
void kws_port_idle(void)
{
    __asm volatile("csrc mstatus, %0" ::"r"(STATUS_INTERRUPTS) : "memory");
    if (kws_fast_transport_is_empty(&transport)) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("csrs mstatus, %0" ::"r"(STATUS_INTERRUPTS) : "memory");
}

void kws_port_exit(int code)
{
    kws_virt_exit(code);
}
