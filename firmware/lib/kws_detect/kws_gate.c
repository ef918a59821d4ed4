/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_gate.h"

#define FLOOR_BITS 4
#define RATIO_BITS 8
#define FALL_BITS 3
#define RISE_BITS 7
#define LOUDEST (1u << 27) /* so that 16ths fit 32 bits */

uint32_t kws_loudness(const uint32_t *signal, size_t n_mels)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n_mels; ++i) {
        sum = signal[i] < UINT32_MAX - sum ? sum + signal[i] : UINT32_MAX;
    }
    return sum;
}

static void follow(kws_gate *gate, uint32_t loudness)
{
    if (loudness < gate->floor) {
        gate->floor -= (gate->floor - loudness + (1u << FALL_BITS) - 1) >> FALL_BITS;
    } else {
        const uint32_t most = (gate->floor >> RISE_BITS) + 1;
        const uint32_t missing = loudness - gate->floor;
        gate->floor += missing < most ? missing : most;
    }
}

void kws_gate_step(kws_gate *gate, uint16_t ratio, uint32_t loudness)
{
    const uint32_t now = (loudness < LOUDEST ? loudness : LOUDEST) << FLOOR_BITS;
    bool is_loud = true;
    if (gate->knows_floor) {
        is_loud = ((uint64_t)now << RATIO_BITS) > (uint64_t)gate->floor * ratio;
        follow(gate, now);
    } else {
        gate->floor = now;
        gate->knows_floor = true;
    }
    if (is_loud) {
        gate->quiet = 0;
    } else if (gate->quiet < UINT16_MAX) {
        ++gate->quiet;
    }
}
