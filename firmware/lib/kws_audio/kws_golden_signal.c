/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_golden_signal.h"

#include <string.h>

#define MIXTURE_SAMPLES 1024

/* Returns 16 random bits: the upper ones, since the lower ones of such a generator repeat soon (Numerical Recipes). */
static uint32_t draw(kws_golden_signal *signal)
{
    signal->random = signal->random * 1664525u + 1013904223u;
    return signal->random >> 16;
}

static void begin_mixture(kws_golden_signal *signal)
{
    const uint32_t shifts = draw(signal);
    signal->noise_shift = shifts & 7;
    signal->tone_shift = shifts >> 3 & 7;
    signal->step = draw(signal) << 15;             /* 0 to 8 kHz at 16 kHz */
    signal->glide = (draw(signal) - 32768u) * 32u; /* up to 4 kHz up or down until the next mixture */
    signal->left = MIXTURE_SAMPLES;
}

/* Up for half a turn, down for the other: -16384 to 16383. */
static int32_t triangle(uint32_t phase)
{
    const int32_t at = (int32_t)(phase >> 16);
    return (at < 32768 ? at : 65535 - at) - 16384;
}

void kws_golden_signal_begin(kws_golden_signal *signal, uint32_t seed)
{
    memset(signal, 0, sizeof *signal);
    signal->random = seed;
}

/* Divisions, not shifts: C leaves open what a right shift makes of a negative number. */
void kws_golden_signal_next(kws_golden_signal *signal, int16_t *samples, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (signal->left == 0) {
            begin_mixture(signal);
        }
        const int32_t noise = (int32_t)(draw(signal) >> 1) - 16384;
        samples[i] =
            (int16_t)(noise / (1 << signal->noise_shift) + triangle(signal->phase) / (1 << signal->tone_shift));
        signal->phase += signal->step;
        signal->step += signal->glide;
        --signal->left;
    }
}
