/* SPDX-License-Identifier: Apache-2.0 */
/* The ESP32's I2S receiver, for an I2S or a PDM microphone as kws_settings.h has it. Arduino's core 2.x and 3.x have
 * different drivers for it: kws_i2s_core2.cpp and kws_i2s_core3.cpp, of which one is empty. */
#ifndef KWS_I2S_H
#define KWS_I2S_H

#include <stddef.h>
#include <stdint.h>

#include "kws_settings.h"

static_assert(KWS_MICROPHONE_SLOT_BITS == 16 || KWS_MICROPHONE_SLOT_BITS == 32, "slot_bits in boards.yaml: 16 or 32");
static_assert(!KWS_MICROPHONE_IS_PDM || KWS_MICROPHONE_SLOT_BITS == 16, "slot_bits in boards.yaml: 16 for PDM");

#if KWS_MICROPHONE_SLOT_BITS == 32
typedef int32_t kws_slot;
#else
typedef int16_t kws_slot;
#endif

constexpr size_t kBlockSlots = 320; /* 20 ms, also of a DMA buffer, where we may choose */

/* Starts it at KWS_SAMPLE_RATE_HZ. Returns whether it runs. */
bool kws_i2s_begin(void);

/* Waits for slots, up to `capacity`; returns how many came. Tells kws_microphone_lost_block() of what DMA had no room for. */
size_t kws_i2s_read(kws_slot *slots, size_t capacity);

#endif
