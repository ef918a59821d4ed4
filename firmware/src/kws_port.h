/* SPDX-License-Identifier: Apache-2.0 */
/* All that a board must supply. One implementation stands in firmware/ports/<name>/.
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

/* Starts the serial line and the microphone, where there is one. */
void kws_port_init(void);

/* Reads up to `capacity` bytes that have come in on the serial line; returns how many, 0 when none waits. */
size_t kws_port_serial_read(uint8_t *bytes, size_t capacity);

/* Bytes a host may have under way to us without any being lost: the size of the receive buffer, or, where the line holds
 * the host back by itself (USB, TCP), what is good for speed. The host is told; at least 256.
 */
size_t kws_port_serial_capacity(void);

/* Writes all `count` bytes to the serial line, waiting while its buffer is full; drops them when no host listens. */
void kws_port_serial_write(const uint8_t *bytes, size_t count);

/* Copies up to `capacity` samples (16 kHz, mono) the microphone has delivered; returns how many, 0 without one. */
size_t kws_port_microphone_read(int16_t *samples, size_t capacity);

/* Samples that microphone_read would give now, were there room for them; 0 from a port that loses none in any case. */
size_t kws_port_microphone_waiting(void);

/* Blocks of samples lost since start because the main loop came too late. */
uint32_t kws_port_microphone_overruns(void);

/* Samples since start that were too loud for the microphone or for 16 bits. */
uint32_t kws_port_microphone_clipped(void);

/* The constant part of what the microphone delivers, which the port takes away; 0 where it takes none. */
int32_t kws_port_microphone_offset(void);

/* Microseconds since start, wrapping; 0 always where the machine has no clock. */
uint32_t kws_port_micros(void);

/* Called when there is nothing to do: may sleep until the next interrupt. */
void kws_port_idle(void);

/* Ends the program where it can end (host, emulator), with this exit code; elsewhere stops for ever. */
void kws_port_exit(int code);

#ifdef __cplusplus
}
#endif
#endif
