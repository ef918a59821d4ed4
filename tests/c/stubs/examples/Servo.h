/* SPDX-License-Identifier: Apache-2.0 */
/* Of Arduino's Servo library only what the examples call. */
#ifndef SERVO_H
#define SERVO_H

#include <stdint.h>

class Servo {
 public:
  uint8_t attach(int pin);
  void write(int angle);
};

#endif
