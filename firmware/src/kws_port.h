/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a board must supply. Implementations: firmware/ports/<name>/.
 *
 * None of these may block longer than a few milliseconds, and none allocates after kws_port_init().
 */
#ifndef KWS_PORT_H
#define KWS_PORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts the serial port and the microphone, if there is one. */
void kws_port_init(void);

/* Reads up to `capacity` bytes received on the serial port; returns how many, 0 if there are none. */
size_t kws_port_serial_read(uint8_t *bytes, size_t capacity);

/* Bytes that a host may send ahead without any being lost: the size of the receive buffer, or, if the transport has flow
 * control (USB, TCP), a size that is fast. Reported to the host; at least 256.
 */
size_t kws_port_serial_capacity(void);

/* Writes all `count` bytes to the serial port, waiting while its buffer is full; drops them if no host listens. */
void kws_port_serial_write(const uint8_t *bytes, size_t count);

/* Copies up to `capacity` samples (16 kHz, mono) the microphone has delivered; returns how many, 0 without one. */
size_t kws_port_microphone_read(int16_t *samples, size_t capacity);

/* Samples that kws_port_microphone_read() could deliver now; 0 from a port that never loses any. */
size_t kws_port_microphone_waiting(void);

/* Blocks of samples lost since start because the main loop was too slow. */
uint32_t kws_port_microphone_overruns(void);

/* Samples since start that were too loud for the microphone or for 16 bits. */
uint32_t kws_port_microphone_clipped(void);

/* The constant offset that the port subtracts from the microphone's samples; 0 if it subtracts none. */
int32_t kws_port_microphone_offset(void);

/* Shows a colour on the board's LED: 0 to 255 each. On an LED of one colour anything but black is on, and on three LEDs
 * anything but 0 of each. Does nothing if the board's row has no LED. */
void kws_port_led(uint8_t red, uint8_t green, uint8_t blue);

/* Microseconds since start, wrapping; always 0 if the machine has no clock. */
uint32_t kws_port_micros(void);

/* Called if there is nothing to do: may sleep until the next interrupt. */
void kws_port_idle(void);

/* Ends the program with this exit code on a host or an emulator; stops forever elsewhere. */
void kws_port_exit(int code);

#ifdef __cplusplus
}
#endif
#endif
