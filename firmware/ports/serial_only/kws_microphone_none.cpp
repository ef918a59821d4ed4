/* SPDX-License-Identifier: Apache-2.0 */
/* A board without a microphone: all sound comes over the serial line (docs/reference/serial_protocol.md). */
#include "main_arduino.h"

/* There is nothing that could fail to start. */
bool kws_microphone_begin(void) { return true; }
