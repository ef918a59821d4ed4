/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_sample_ring.h"

/* A counter is published only after the samples it tells of, and read before them. */
static uint32_t read_counter(const uint32_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void publish_counter(uint32_t *counter, uint32_t value)
{
    __atomic_store_n(counter, value, __ATOMIC_RELEASE);
}

void kws_sample_ring_put(kws_sample_ring *ring, const int16_t *samples, size_t count)
{
    const uint32_t put = ring->put;
    const uint32_t mask = ring->capacity - 1;
    if (count > ring->capacity - (put - read_counter(&ring->taken))) {
        publish_counter(&ring->overruns, ring->overruns + 1);
        return;
    }
    for (size_t i = 0; i < count; ++i) {
        ring->samples[(put + i) & mask] = samples[i];
    }
    publish_counter(&ring->put, put + (uint32_t)count);
}

size_t kws_sample_ring_take(kws_sample_ring *ring, int16_t *samples, size_t capacity)
{
    const uint32_t taken = ring->taken;
    const uint32_t mask = ring->capacity - 1;
    const size_t waiting = kws_sample_ring_waiting(ring);
    const size_t count = waiting < capacity ? waiting : capacity;
    for (size_t i = 0; i < count; ++i) {
        samples[i] = ring->samples[(taken + i) & mask];
    }
    publish_counter(&ring->taken, taken + (uint32_t)count);
    return count;
}

size_t kws_sample_ring_waiting(const kws_sample_ring *ring)
{
    return read_counter(&ring->put) - ring->taken;
}

uint32_t kws_sample_ring_overruns(const kws_sample_ring *ring)
{
    return read_counter(&ring->overruns);
}
