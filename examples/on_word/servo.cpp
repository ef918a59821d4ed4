/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a servo at "yes" and back at "no". Arduino's Servo library: lib_deps = arduino-libraries/Servo in platformio_local.ini;
 * on an ESP32 include ESP32Servo.h instead (lib_deps = madhephaestus/ESP32Servo). */
#include <Arduino.h>
#include <Servo.h>
#include <string.h>

#include "on_word.h"

namespace {

constexpr int kPin = 9; /* one that neither microphone nor LED has */
constexpr int kOpen = 90;
constexpr int kClosed = 0;

Servo servo;

}  // namespace

void on_start(void) {
  servo.attach(kPin);
  servo.write(kClosed);
}

/* write() only sets the angle: the servo travels while the board hears on. */
void on_word(const char *word, uint8_t, uint32_t) {
  if (kws_app_is_testing()) {
    return; /* `tinykws verify` plays words, too */
  }
  if (strcmp(word, "yes") == 0) {
    servo.write(kOpen);
  } else if (strcmp(word, "no") == 0) {
    servo.write(kClosed);
  }
}
