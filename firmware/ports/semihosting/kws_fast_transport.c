/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_fast_transport.h"

#define SEMIHOSTING_OPEN 0x01u
#define SEMIHOSTING_READ 0x06u
#define SEMIHOSTING_SEEK 0x0au
#define OPEN_FOR_READING 1u

void kws_fast_transport_put(kws_fast_transport *transport, uint8_t byte)
{
    if (transport->written - transport->taken < KWS_FAST_TRANSPORT_RING_BYTES) {
        transport->ring[transport->written % KWS_FAST_TRANSPORT_RING_BYTES] = byte;
        transport->written = transport->written + 1;
    }
}

static uint8_t next_in_ring(const kws_fast_transport *transport)
{
    return transport->ring[transport->taken % KWS_FAST_TRANSPORT_RING_BYTES];
}

/* Takes bytes of the ring up to its end or a mark. */
static size_t take_from_ring(kws_fast_transport *transport, uint8_t *bytes, size_t capacity)
{
    size_t count = 0;
    while (count < capacity && !kws_fast_transport_is_empty(transport) &&
           next_in_ring(transport) < KWS_FAST_TRANSPORT_MARK) {
        bytes[count++] = next_in_ring(transport);
        transport->taken = transport->taken + 1;
    }
    return count;
}

static bool open_file(kws_fast_transport *transport)
{
    const uintptr_t arguments[] = {(uintptr_t)KWS_FAST_TRANSPORT_FILE, OPEN_FOR_READING,
                                   sizeof KWS_FAST_TRANSPORT_FILE - 1};
    if (transport->file <= 0) {
        transport->file = transport->ask(SEMIHOSTING_OPEN, arguments);
    }
    return transport->file > 0;
}

/* Reads `count` bytes of the file from `offset` on; returns false where it cannot. */
static bool read_file(kws_fast_transport *transport, uint32_t offset, uint8_t *bytes, size_t count)
{
    if (!open_file(transport)) {
        return false;
    }
    const uintptr_t place[] = {(uintptr_t)transport->file, offset};
    const uintptr_t piece[] = {(uintptr_t)transport->file, (uintptr_t)bytes, count};
    return transport->ask(SEMIHOSTING_SEEK, place) == 0 &&
           transport->ask(SEMIHOSTING_READ, piece) == 0; /* bytes not read */
}

/* Takes bytes of the block that the mark in turn stands for; the mark itself, where there is no file. */
static size_t take_from_block(kws_fast_transport *transport, uint8_t *bytes, size_t capacity)
{
    const uint8_t mark = next_in_ring(transport);
    const uint32_t left = KWS_FAST_TRANSPORT_BLOCK_BYTES - transport->block_taken;
    const uint32_t count = capacity < left ? (uint32_t)capacity : left;
    const uint32_t block = mark - KWS_FAST_TRANSPORT_MARK;
    const bool has_read =
        read_file(transport, block * KWS_FAST_TRANSPORT_BLOCK_BYTES + transport->block_taken, bytes, count);
    transport->block_taken += count;
    if (!has_read || transport->block_taken == KWS_FAST_TRANSPORT_BLOCK_BYTES) {
        transport->block_taken = 0;
        transport->taken = transport->taken + 1;
    }
    if (!has_read) {
        bytes[0] = mark;
    }
    return has_read ? count : 1;
}

size_t kws_fast_transport_take(kws_fast_transport *transport, uint8_t *bytes, size_t capacity)
{
    const size_t count = take_from_ring(transport, bytes, capacity);
    if (count > 0 || capacity == 0 || kws_fast_transport_is_empty(transport)) {
        return count;
    }
    return take_from_block(transport, bytes, capacity);
}

bool kws_fast_transport_is_empty(const kws_fast_transport *transport)
{
    return transport->taken == transport->written;
}
