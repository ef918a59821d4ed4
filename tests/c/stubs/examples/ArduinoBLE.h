/* SPDX-License-Identifier: Apache-2.0 */
/* Of ArduinoBLE only what the examples call. */
#ifndef ARDUINO_BLE_H
#define ARDUINO_BLE_H

enum BLEProperty { BLERead = 0x02, BLENotify = 0x10 };

class BLECharacteristic {
 public:
  BLECharacteristic(const char *uuid, unsigned int properties, int value_size, bool fixed_length = false);
  int writeValue(const char *value);
};

class BLEService {
 public:
  BLEService(const char *uuid);
  void addCharacteristic(BLECharacteristic &characteristic);
};

class BLELocalDevice {
 public:
  int begin();
  void poll();
  void setLocalName(const char *name);
  void setAdvertisedService(const BLEService &service);
  void addService(BLEService &service);
  int advertise();
};
extern BLELocalDevice &BLE;

#endif
