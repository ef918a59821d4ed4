/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU's RISC-V machine virt, run with -icount shift=0: the counter of instructions counts each as one. */
#include "kws_port.h"
#include "machine.h"

void kws_virt_on_uart(void)
{
}

void kws_virt_on_timer(void)
{
}

void kws_port_serial_write(const uint8_t *bytes, size_t count)
{
    machine_write(bytes, count);
}

void machine_start(void)
{
}

uint32_t machine_now(void)
{
    uint32_t count;
    __asm volatile("csrr %0, minstret" : "=r"(count));
    return count;
}

uint32_t machine_instructions_since(uint32_t moment)
{
    return machine_now() - moment;
}

void machine_write(const uint8_t *bytes, size_t count)
{
    for (; count > 0; --count) {
        while (!(KWS_VIRT_UART->line_status & KWS_UART_STATUS_TX_EMPTY)) {
        }
        KWS_VIRT_UART->data = *bytes++;
    }
}

void machine_exit(void)
{
    kws_virt_exit(0);
}
