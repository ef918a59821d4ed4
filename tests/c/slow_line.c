/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of four of the host port's functions (-Wl,--wrap): a bridge at 115,200 baud and a microphone whose ring holds
 * RING samples. Time is what the line's bytes take, and no other: while one of them goes out, the microphone hears on. */
#include <stddef.h>
#include <stdint.h>

#include "kws_sample_ring.h"

#define BYTES_A_SECOND 11520u
#define RATE_HZ 16000u
#define BLOCK 160u

void __real_kws_port_serial_write(const uint8_t *bytes, size_t count);
void __wrap_kws_port_serial_write(const uint8_t *bytes, size_t count);
size_t __wrap_kws_port_microphone_read(int16_t *samples, size_t capacity);
uint32_t __wrap_kws_port_microphone_overruns(void);
size_t __wrap_kws_port_microphone_waiting(void);

static int16_t memory[RING];
static kws_sample_ring ring = {.samples = memory, .capacity = RING};
static int16_t next_sample;
static uint32_t owed; /* samples x BYTES_A_SECOND that have been heard since the last block */

static void hear_block(void)
{
    int16_t block[BLOCK];
    for (size_t i = 0; i < BLOCK; ++i) {
        block[i] = next_sample++;
    }
    kws_sample_ring_put(&ring, block, BLOCK);
}

void __wrap_kws_port_serial_write(const uint8_t *bytes, size_t count)
{
    owed += (uint32_t)count * RATE_HZ;
    for (; owed >= BLOCK * BYTES_A_SECOND; owed -= BLOCK * BYTES_A_SECOND) {
        hear_block();
    }
    __real_kws_port_serial_write(bytes, count);
}

size_t __wrap_kws_port_microphone_read(int16_t *samples, size_t capacity)
{
    size_t count = kws_sample_ring_take(&ring, samples, capacity);
    if (count == 0) {
        hear_block(); /* nothing else to do: time goes by */
        count = kws_sample_ring_take(&ring, samples, capacity);
    }
    return count;
}

uint32_t __wrap_kws_port_microphone_overruns(void)
{
    return kws_sample_ring_overruns(&ring);
}

size_t __wrap_kws_port_microphone_waiting(void)
{
    return kws_sample_ring_waiting(&ring);
}
