/* SPDX-License-Identifier: Apache-2.0 */
/* A port whose serial line is a UART with a receive buffer of a chosen size: what finds no room in it is lost, and counted.
 * The test moves bytes and time (tests/helpers/simulated_uart.py).
 */
#include <string.h>

#include "kws_port.h"

#define MOST_BYTES 65536

static uint8_t received[MOST_BYTES], sent[MOST_BYTES];
static size_t received_count, sent_count, buffer_bytes, told_bytes;
static uint32_t now_us;

void uart_begin(size_t buffer, size_t told)
{
    buffer_bytes = buffer;
    told_bytes = told;
}

void uart_set_time(uint32_t us)
{
    now_us = us;
}

/* Returns how many of the bytes that arrive are lost. */
size_t uart_arrive(const uint8_t *bytes, size_t count)
{
    const size_t room = buffer_bytes - received_count;
    const size_t taken = count < room ? count : room;
    memcpy(received + received_count, bytes, taken);
    received_count += taken;
    return count - taken;
}

size_t uart_take(uint8_t *bytes)
{
    const size_t count = sent_count;
    memcpy(bytes, sent, count);
    sent_count = 0;
    return count;
}

void kws_port_init(void)
{
}

size_t kws_port_serial_read(uint8_t *bytes, size_t capacity)
{
    const size_t count = received_count < capacity ? received_count : capacity;
    memcpy(bytes, received, count);
    received_count -= count;
    memmove(received, received + count, received_count);
    return count;
}

size_t kws_port_serial_capacity(void)
{
    return told_bytes;
}

void kws_port_serial_write(const uint8_t *bytes, size_t count)
{
    if (sent_count + count <= sizeof sent) {
        memcpy(sent + sent_count, bytes, count);
        sent_count += count;
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
    return now_us;
}

void kws_port_idle(void)
{
}

void kws_port_exit(int code)
{
    (void)code;
}
