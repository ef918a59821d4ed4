/* SPDX-License-Identifier: Apache-2.0 */
/* Notifies a phone of every word over Bluetooth Low Energy. Arduino Nano 33 BLE Sense; lib_deps = arduino-libraries/ArduinoBLE
 * in platformio_local.ini. nRF Connect (or any BLE app) shows the characteristic; subscribe to it. */
#include <Arduino.h>
#include <ArduinoBLE.h>

#include "on_word.h"

namespace {

constexpr int kLongestLabel = 24;

BLEService service("8a1f0001-5b1c-4c0e-9f3a-6b7c2d1e0f00");
BLECharacteristic heard("8a1f0002-5b1c-4c0e-9f3a-6b7c2d1e0f00", BLERead | BLENotify, kLongestLabel);
bool is_ready;

}  // namespace

void on_start(void) {
  is_ready = BLE.begin() != 0;
  if (is_ready) {
    BLE.setLocalName("tinykws");
    BLE.setAdvertisedService(service);
    service.addCharacteristic(heard);
    BLE.addService(service);
    BLE.advertise();
  }
}

void on_word(const char *word, uint8_t, uint32_t) {
  if (is_ready) {
    heard.writeValue(word);
  }
}

/* The library works only when it is polled. */
void on_every_inference(const uint8_t *, uint32_t) {
  if (is_ready) {
    BLE.poll();
  }
}
