/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_wire.h"

#define SEMIHOSTING_OPEN 0x01u
#define SEMIHOSTING_READ 0x06u
#define SEMIHOSTING_SEEK 0x0au
#define OPEN_FOR_READING 1u

void kws_wire_put(kws_wire *wire, uint8_t byte)
{
    if (wire->written - wire->taken < KWS_WIRE_RING_BYTES) {
        wire->ring[wire->written % KWS_WIRE_RING_BYTES] = byte;
        wire->written = wire->written + 1;
    }
}

static uint8_t next_in_ring(const kws_wire *wire)
{
    return wire->ring[wire->taken % KWS_WIRE_RING_BYTES];
}

/* Takes bytes of the ring up to its end or a mark. */
static size_t take_from_ring(kws_wire *wire, uint8_t *bytes, size_t capacity)
{
    size_t count = 0;
    while (count < capacity && !kws_wire_is_empty(wire) && next_in_ring(wire) < KWS_WIRE_MARK) {
        bytes[count++] = next_in_ring(wire);
        wire->taken = wire->taken + 1;
    }
    return count;
}

static bool open_file(kws_wire *wire)
{
    const uintptr_t arguments[] = {(uintptr_t)KWS_WIRE_FILE, OPEN_FOR_READING, sizeof KWS_WIRE_FILE - 1};
    if (wire->file <= 0) {
        wire->file = wire->ask(SEMIHOSTING_OPEN, arguments);
    }
    return wire->file > 0;
}

/* Reads `count` bytes of the file from `offset` on; returns false where it cannot. */
static bool read_file(kws_wire *wire, uint32_t offset, uint8_t *bytes, size_t count)
{
    if (!open_file(wire)) {
        return false;
    }
    const uintptr_t place[] = {(uintptr_t)wire->file, offset};
    const uintptr_t piece[] = {(uintptr_t)wire->file, (uintptr_t)bytes, count};
    return wire->ask(SEMIHOSTING_SEEK, place) == 0 && wire->ask(SEMIHOSTING_READ, piece) == 0; /* bytes not read */
}

/* Takes bytes of the block that the mark in turn stands for; the mark itself, where there is no file. */
static size_t take_from_block(kws_wire *wire, uint8_t *bytes, size_t capacity)
{
    const uint8_t mark = next_in_ring(wire);
    const uint32_t left = KWS_WIRE_BLOCK_BYTES - wire->block_taken;
    const uint32_t count = capacity < left ? (uint32_t)capacity : left;
    const uint32_t block = mark - KWS_WIRE_MARK;
    const bool has_read = read_file(wire, block * KWS_WIRE_BLOCK_BYTES + wire->block_taken, bytes, count);
    wire->block_taken += count;
    if (!has_read || wire->block_taken == KWS_WIRE_BLOCK_BYTES) {
        wire->block_taken = 0;
        wire->taken = wire->taken + 1;
    }
    if (!has_read) {
        bytes[0] = mark;
    }
    return has_read ? count : 1;
}

size_t kws_wire_take(kws_wire *wire, uint8_t *bytes, size_t capacity)
{
    const size_t count = take_from_ring(wire, bytes, capacity);
    return count > 0 || capacity == 0 || kws_wire_is_empty(wire) ? count : take_from_block(wire, bytes, capacity);
}

bool kws_wire_is_empty(const kws_wire *wire)
{
    return wire->taken == wire->written;
}
