/* What a microphone's port (firmware/ports/arduino_pdm, …) and main_arduino.cpp owe each other. */
#ifndef MAIN_ARDUINO_H
#define MAIN_ARDUINO_H

#include <stddef.h>
#include <stdint.h>

/* The port's: starts the microphone at KWS_SAMPLE_RATE_HZ. Returns whether it runs. */
bool kws_microphone_begin(void);

/* The port calls it with the samples the microphone delivers, from one interrupt or one task. */
void kws_microphone_deliver(const int16_t *samples, size_t count);

#endif
