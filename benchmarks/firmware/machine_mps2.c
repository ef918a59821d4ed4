/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU's mps2 boards, run with -icount shift=8: an instruction takes 256 ns, 6.4 ticks of the 25 MHz timer, so ticks give
 * instructions without a remainder of doubt.
 */
#include "machine.h"

void kws_uart0_rx_handler(void)
{
}

void kws_timer0_handler(void)
{
}

void machine_start(void)
{
    KWS_MPS2_UART0->baud_divisor = 16;
    KWS_MPS2_UART0->control = KWS_UART_CONTROL_TX;
    KWS_MPS2_TIMER0->reload = UINT32_MAX;
    KWS_MPS2_TIMER0->value = UINT32_MAX;
    KWS_MPS2_TIMER0->control = KWS_TIMER_CONTROL_ENABLE;
}

uint32_t machine_now(void)
{
    return UINT32_MAX - KWS_MPS2_TIMER0->value;
}

uint32_t machine_instructions_since(uint32_t moment)
{
    return (uint32_t)(((uint64_t)(machine_now() - moment) * 40 + 128) / 256);
}

void machine_write(const uint8_t *bytes, size_t count)
{
    for (; count > 0; --count) {
        while (KWS_MPS2_UART0->state & KWS_UART_STATE_TX_FULL) {
        }
        KWS_MPS2_UART0->data = *bytes++;
    }
}

void machine_exit(void)
{
    kws_mps2_exit(0);
}
