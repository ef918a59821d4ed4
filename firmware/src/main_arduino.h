/* SPDX-License-Identifier: Apache-2.0 */
/* What a microphone's port (firmware/ports/arduino_pdm, …) and main_arduino.cpp require of each other. */
#ifndef MAIN_ARDUINO_H
#define MAIN_ARDUINO_H

#include <stddef.h>
#include <stdint.h>

/* The port's: starts the microphone at KWS_SAMPLE_RATE_HZ. Returns whether it runs; true where there is none. */
bool kws_microphone_begin(void);

/* The port calls one of these with what the microphone delivers, from one interrupt or one task. The board's row of boards.yaml
 * (slot_bits, shift) says what the values mean. */
void kws_microphone_deliver(const int16_t *slots, size_t count);
void kws_microphone_deliver(const int32_t *slots, size_t count);

/* From the same place, or from the driver's interrupt: the driver had no room for a block, or ran out of memory for it. */
void kws_microphone_lost_block(void);

/* The watchdog's port (firmware/ports/esp32_watchdog, …), where there is one: starts a task that calls kws_user_watch() once a
 * second, also while the main loop stands still. */
void kws_watchdog_begin(void);

#endif
