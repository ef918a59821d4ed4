/* SPDX-License-Identifier: Apache-2.0 */
/* The machine that QEMU calls mps2-an386: a serial port and a clock. */
#include "kws_port.h"

#include "kws_fast_transport.h"
#include "kws_mps2.h"
#include "kws_settings.h"
#include "kws_user.h"

#define NVIC_ENABLE (*(volatile uint32_t *)0xe000e100u)
#define TICK_HZ 1u
#define TICKS_PER_MICROSECOND (KWS_MPS2_CLOCK_HZ / 1000000u)
#define SILENCE_LIMIT_SECONDS 600u

static int32_t semihosting(uint32_t operation, const uintptr_t *arguments)
{
    register uint32_t request __asm("r0") = operation;
    register const uintptr_t *block __asm("r1") = arguments;
    __asm volatile("bkpt 0xab" : "+r"(request) : "r"(block) : "memory");
    return (int32_t)request;
}

static kws_fast_transport transport;
static volatile uint32_t seconds;
static volatile uint32_t silent_seconds;

void kws_uart0_rx_handler(void)
{
    KWS_MPS2_UART0->interrupt = KWS_UART_INTERRUPT_RX;
    while (KWS_MPS2_UART0->state & KWS_UART_STATE_RX_FULL) {
        kws_fast_transport_put(&transport, (uint8_t)KWS_MPS2_UART0->data);
    }
}

/* Once a second. An emulator whose host has gone would run forever: it ends by itself. */
void kws_timer0_handler(void)
{
    KWS_MPS2_TIMER0->interrupt = 1;
    seconds = seconds + 1;
    silent_seconds = silent_seconds + 1;
    if (silent_seconds > SILENCE_LIMIT_SECONDS) {
        kws_mps2_exit(KWS_EXIT_HOST_SILENT);
    }
    kws_user_watch();
}

void kws_port_init(void)
{
    transport.ask = semihosting;
    KWS_MPS2_UART0->baud_divisor = 16; /* the least; QEMU knows no speed */
    KWS_MPS2_UART0->control = KWS_UART_CONTROL_TX | KWS_UART_CONTROL_RX | KWS_UART_CONTROL_RX_INTERRUPT;
    KWS_MPS2_TIMER0->reload = KWS_MPS2_CLOCK_HZ / TICK_HZ - 1;
    KWS_MPS2_TIMER0->value = KWS_MPS2_CLOCK_HZ / TICK_HZ - 1;
    KWS_MPS2_TIMER0->control = KWS_TIMER_CONTROL_ENABLE | KWS_TIMER_CONTROL_INTERRUPT;
    NVIC_ENABLE = 1u << KWS_MPS2_UART0_RX_IRQ | 1u << KWS_MPS2_TIMER0_IRQ;
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
        while (KWS_MPS2_UART0->state & KWS_UART_STATE_TX_FULL) {
        }
        KWS_MPS2_UART0->data = *bytes++;
    }
}

void kws_port_led(uint8_t red, uint8_t green, uint8_t blue)
{
#if KWS_LED_PIN >= 0
    const uint32_t bit = 1u << KWS_LED_PIN;
    const bool is_on = (red | green | blue) != 0;
    KWS_MPS2_LEDS = is_on != KWS_LED_ACTIVE_LOW ? KWS_MPS2_LEDS | bit : KWS_MPS2_LEDS & ~bit;
#else
    (void)red;
    (void)green;
    (void)blue;
#endif
}

/* Read again where a second has just ended. Interrupts must be on. */
uint32_t kws_port_micros(void)
{
    uint32_t whole, left;
    do {
        whole = seconds;
        left = KWS_MPS2_TIMER0->value;
    } while (whole != seconds);
    return whole * 1000000u + (KWS_MPS2_CLOCK_HZ - 1 - left) / TICKS_PER_MICROSECOND;
}

/* Interrupts wait while we look, so that none can slip in between the look and the sleep: WFI wakes for a waiting one. */
void kws_port_idle(void)
{
    __asm volatile("cpsid i" ::: "memory");
    if (kws_fast_transport_is_empty(&transport)) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("cpsie i" ::: "memory");
}

void kws_port_exit(int code)
{
    kws_mps2_exit(code);
}
