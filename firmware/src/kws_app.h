/* SPDX-License-Identifier: Apache-2.0 */
/* The application: one loop that serves the serial line, the microphone and the model.
 *
 *     int main(void) { kws_app_start(); for (;;) { kws_app_poll(); } }
 *
 * It listens to the microphone and prints what it hears, until !TEST on the serial line lets a host send the sound
 * instead (docs/serial_protocol.md). All that differs between boards is behind kws_port.h, between engines behind kws_engine.h.
 */
#ifndef KWS_APP_H
#define KWS_APP_H

#ifdef __cplusplus
extern "C" {
#endif

/* Starts port, engine and pipeline, and prints the banner. Call once. */
void kws_app_start(void);

/* Does what there is to do, or sleeps a little. Call for ever. */
void kws_app_poll(void);

#ifdef __cplusplus
}
#endif
#endif
