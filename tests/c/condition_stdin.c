/* SPDX-License-Identifier: Apache-2.0 */
/* Reads int32 slots from stdin, and writes the samples of the conditioner, in blocks of uneven sizes, to stdout.
 * Arguments: slot_bits, shift, settle_samples. On stderr: how many were clipped, the loudest, the root mean square. */
#include <stdio.h>
#include <stdlib.h>

#include "kws_conditioner.h"
#include "kws_level.h"

#define MOST 320

static size_t take(kws_conditioner *conditioner, const int32_t *slots, size_t count, int16_t *samples)
{
    if (conditioner->slot_bits > 16) {
        return kws_conditioner_take_slots(conditioner, slots, count, samples);
    }
    for (size_t i = 0; i < count; ++i) {
        samples[i] = (int16_t)slots[i];
    }
    return kws_conditioner_take_samples(conditioner, samples, count, samples);
}

int main(int argc, char **argv)
{
    static int32_t slots[MOST];
    static int16_t samples[MOST];
    kws_conditioner conditioner = {0};
    kws_level level = {0};
    size_t wanted = 1;
    size_t count;
    if (argc != 4) {
        return 2;
    }
    conditioner.slot_bits = (uint8_t)atoi(argv[1]);
    conditioner.shift = (int8_t)atoi(argv[2]);
    conditioner.settle_samples = (uint32_t)atoi(argv[3]);
    while ((count = fread(slots, sizeof *slots, wanted, stdin)) > 0) {
        const size_t heard = take(&conditioner, slots, count, samples);
        kws_level_add(&level, samples, heard);
        fwrite(samples, sizeof *samples, heard, stdout);
        wanted = wanted * 3 % MOST + 1;
    }
    fprintf(stderr, "%u %u %u\n", (unsigned)kws_conditioner_clipped(&conditioner), (unsigned)level.loudest,
            (unsigned)kws_level_rms(&level));
    return 0;
}
