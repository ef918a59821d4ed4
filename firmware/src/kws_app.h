/* SPDX-License-Identifier: Apache-2.0 */
/* The application: one loop that serves the serial port, the microphone and the model.
 *
 *     int main(void) { kws_app_start(); for (;;) { kws_app_poll(); } }
 *
 * It listens to the microphone and prints detections, until !TEST on the serial port lets a host send the sound
 * instead (docs/reference/serial_protocol.md). Boards differ behind kws_port.h, engines behind kws_engine.h.
 */
#ifndef KWS_APP_H
#define KWS_APP_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts port, engine and pipeline, and prints the banner. Call once. */
void kws_app_start(void);

/* Whether a host sends the sound (!TEST), such as `tinykws verify`: what is heard then was not said to the board. */
bool kws_app_is_testing(void);

/* Does pending work, or sleeps briefly. Call it in an endless loop. */
void kws_app_poll(void);

#ifdef __cplusplus
}
#endif
#endif
