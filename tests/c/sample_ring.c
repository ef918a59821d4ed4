/* SPDX-License-Identifier: Apache-2.0 */
/* A writer and a reader in two threads: what is read is what was written, in order, less whole dropped blocks.
 *
 * Sample n carries n mod 2^15 and a block is BLOCK samples, so a gap shows how many blocks were dropped.
 */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "kws_sample_ring.h"

#define CAPACITY 1024u
#define BLOCK 64u
#define BLOCKS 20000u

static int16_t memory[CAPACITY];
static kws_sample_ring ring = {.samples = memory, .capacity = CAPACITY};
static bool finished;

static void *write_blocks(void *unused)
{
    (void)unused;
    for (uint32_t block = 0; block < BLOCKS; ++block) {
        int16_t samples[BLOCK];
        for (uint32_t i = 0; i < BLOCK; ++i) {
            samples[i] = (int16_t)((block * BLOCK + i) & 0x7fff);
        }
        kws_sample_ring_put(&ring, samples, BLOCK);
    }
    __atomic_store_n(&finished, true, __ATOMIC_RELEASE);
    return NULL;
}

static void drops_whole_blocks_when_full(void)
{
    int16_t few_memory[8];
    kws_sample_ring few = {few_memory, 8, 0xfffffffeu, 0xfffffffeu, 0}; /* about to wrap */
    const int16_t in[6] = {1, 2, 3, 4, 5, 6};
    int16_t out[8] = {0};
    kws_sample_ring_put(&few, in, 6);
    kws_sample_ring_put(&few, in, 3);
    assert(kws_sample_ring_overruns(&few) == 1);
    kws_sample_ring_put(&few, in, 2);
    assert(kws_sample_ring_overruns(&few) == 1);
    assert(kws_sample_ring_take(&few, out, 5) == 5 && out[0] == 1 && out[4] == 5);
    assert(kws_sample_ring_take(&few, out, 8) == 3 && out[0] == 6 && out[1] == 1 && out[2] == 2);
    assert(kws_sample_ring_take(&few, out, 8) == 0);
}

int main(void)
{
    pthread_t writer;
    uint32_t next = 0, read = 0;
    drops_whole_blocks_when_full();
    assert(pthread_create(&writer, NULL, write_blocks, NULL) == 0);
    for (;;) {
        int16_t samples[100];
        const bool last = __atomic_load_n(&finished, __ATOMIC_ACQUIRE);
        const size_t count = kws_sample_ring_take(&ring, samples, 100);
        for (size_t i = 0; i < count; ++i) {
            const uint32_t skipped = ((uint32_t)samples[i] - next) & 0x7fff;
            assert(skipped % BLOCK == 0 && (skipped == 0 || next % BLOCK == 0));
            next += skipped + 1;
            read += 1;
        }
        if (count == 0 && last) {
            break;
        }
    }
    assert(pthread_join(writer, NULL) == 0);
    assert(read + kws_sample_ring_overruns(&ring) * BLOCK == BLOCKS * BLOCK);
    printf("%u samples, %u blocks dropped\n", read, kws_sample_ring_overruns(&ring));
    return 0;
}
