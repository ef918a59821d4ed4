/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeps when nothing was heard for a minute, at some 10 µA, until a button (or a motion sensor) pulls a pin low. ESP32.
 *
 * A sleeping chip hears nothing: what wakes it is the pin. After that it starts from scratch, which takes about a second. */
#include <Arduino.h>
#include <esp_sleep.h>

#include "on_word.h"

namespace {

constexpr gpio_num_t kWakePin = GPIO_NUM_0; /* BOOT on most boards; one that can wake: 0, 2, 4, 12-15, 25-27, 32-39 */
constexpr unsigned long kAwakeMs = 60UL * 1000;

unsigned long last_ms;

}  // namespace

void on_start(void) {
  last_ms = millis();
  kws_port_led(0, 32, 0); /* listening */
}

void on_word(const char *, uint8_t, uint32_t) { last_ms = millis(); }

void on_every_inference(const uint8_t *, uint32_t) {
  if (kws_app_is_testing()) {
    last_ms = millis(); /* not in the middle of `tinykws verify` */
  }
  if (millis() - last_ms >= kAwakeMs) {
    kws_port_led(0, 0, 0);
    esp_sleep_enable_ext0_wakeup(kWakePin, 0);
    esp_deep_sleep_start();
  }
}
