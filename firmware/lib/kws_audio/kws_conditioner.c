/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_conditioner.h"

#define OFFSET_SHIFT 10 /* time constant of 1024 samples */
#define OFFSET_ONE (1 << OFFSET_SHIFT)

/* Right shifts of negative numbers keep the sign on every compiler that we know of; the tests would tell. */
static int32_t scaled(const kws_conditioner *conditioner, int32_t slot)
{
    const int shift = conditioner->shift;
    return shift >= 0 ? slot >> shift : slot * (1 << -shift);
}

/* Whether the microphone itself was at its end: the upper 16 bits of the slot are. */
static bool is_at_the_rail(const kws_conditioner *conditioner, int32_t slot)
{
    const int32_t upper = slot >> (conditioner->slot_bits - 16);
    return upper >= INT16_MAX || upper <= INT16_MIN;
}

/* Returns the value without its constant part, which follows it. */
static int32_t without_offset(kws_conditioner *conditioner, int32_t value)
{
    if (!conditioner->has_offset) {
        conditioner->has_offset = true;
        conditioner->offset = value * OFFSET_ONE;
    }
    const int32_t offset = (conditioner->offset + OFFSET_ONE / 2) >> OFFSET_SHIFT;
    __atomic_store_n(&conditioner->offset, conditioner->offset + value - offset, __ATOMIC_RELAXED);
    return value - offset;
}

static int16_t sample_of(kws_conditioner *conditioner, int32_t slot)
{
    const int32_t value = without_offset(conditioner, scaled(conditioner, slot));
    const bool loud = value > INT16_MAX || value < INT16_MIN || is_at_the_rail(conditioner, slot);
    if (loud && conditioner->settle_samples == 0) {
        __atomic_store_n(&conditioner->clipped, conditioner->clipped + 1, __ATOMIC_RELAXED);
    }
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

/* Counts down; returns how many of `count` samples are to be heard. */
static size_t heard(kws_conditioner *conditioner, size_t count)
{
    if (conditioner->settle_samples == 0) {
        return count;
    }
    conditioner->settle_samples -=
        (uint32_t)(count < conditioner->settle_samples ? count : conditioner->settle_samples);
    return 0;
}

size_t kws_conditioner_take_slots(kws_conditioner *conditioner, const int32_t *slots, size_t count, int16_t *samples)
{
    for (size_t i = 0; i < count; ++i) {
        samples[i] = sample_of(conditioner, slots[i]);
    }
    return heard(conditioner, count);
}

size_t kws_conditioner_take_samples(kws_conditioner *conditioner, const int16_t *slots, size_t count, int16_t *samples)
{
    for (size_t i = 0; i < count; ++i) {
        samples[i] = sample_of(conditioner, slots[i]);
    }
    return heard(conditioner, count);
}

uint32_t kws_conditioner_clipped(const kws_conditioner *conditioner)
{
    return __atomic_load_n(&conditioner->clipped, __ATOMIC_RELAXED);
}

int32_t kws_conditioner_offset(const kws_conditioner *conditioner)
{
    return __atomic_load_n(&conditioner->offset, __ATOMIC_RELAXED) / OFFSET_ONE;
}
