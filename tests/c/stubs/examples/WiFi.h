/* SPDX-License-Identifier: Apache-2.0 */
/* Of the ESP32's WiFi library only what the examples call. */
#ifndef WIFI_H
#define WIFI_H

typedef enum { WL_CONNECTED = 3 } wl_status_t;

class Client {};
class WiFiClient : public Client {};

class WiFiClass {
 public:
  wl_status_t begin(const char *network, const char *password);
  wl_status_t status();
};
extern WiFiClass WiFi;

#endif
