/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_level.h"

void kws_level_add(kws_level *level, const int16_t *samples, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        const int32_t sample = samples[i];
        const uint32_t loudness = (uint32_t)(sample < 0 ? -sample : sample);
        level->loudest = loudness > level->loudest ? loudness : level->loudest;
        level->squares += loudness * loudness;
    }
    level->count += (uint32_t)count;
}

/* Bit by bit from the top: the mean of squares has 31 bits at most. */
uint32_t kws_level_rms(const kws_level *level)
{
    const uint64_t mean = level->count == 0 ? 0 : level->squares / level->count;
    uint32_t root = 0;
    for (uint32_t bit = 1u << 15; bit != 0; bit >>= 1) {
        const uint32_t tried = root | bit;
        root = (uint64_t)tried * tried <= mean ? tried : root;
    }
    return root;
}
