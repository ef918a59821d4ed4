/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes every word with MQTT over Wi-Fi. ESP32; lib_deps = knolleary/PubSubClient in platformio_local.ini.
 *
 * Connecting takes seconds, so it has a task of its own: on_word() only puts the word into a queue and never waits. */
#include <Arduino.h>
#include <PubSubClient.h>
#include <WiFi.h>

#include "on_word.h"

namespace {

const char kNetwork[] = "your network";
const char kPassword[] = "its password";
const char kBroker[] = "192.168.1.2";
constexpr uint16_t kPort = 1883;
const char kTopic[] = "tinykws/heard";

constexpr uint32_t kStackBytes = 6144;
constexpr UBaseType_t kPriority = 1;
constexpr BaseType_t kCore = 0; /* the loop, which hears, has the other one */
constexpr UBaseType_t kWaiting = 8;

QueueHandle_t words;
WiFiClient connection;
PubSubClient mqtt(connection);

bool connect() {
  if (WiFi.status() != WL_CONNECTED) {
    return false; /* the ESP32 goes on trying by itself */
  }
  return mqtt.connected() || mqtt.connect("tinykws");
}

void publish(void *) {
  WiFi.begin(kNetwork, kPassword);
  mqtt.setServer(kBroker, kPort);
  for (;;) {
    const char *word = nullptr;
    const bool is_connected = connect();
    if (is_connected) {
      mqtt.loop();
    }
    if (xQueueReceive(words, &word, pdMS_TO_TICKS(500)) == pdTRUE && is_connected) {
      mqtt.publish(kTopic, word);
    }
  }
}

}  // namespace

void on_start(void) {
  words = xQueueCreate(kWaiting, sizeof(const char *));
  xTaskCreatePinnedToCore(publish, "mqtt", kStackBytes, nullptr, kPriority, nullptr, kCore);
}

/* A label stays valid, so its address is enough. Without a place in the queue, the word is not published. */
void on_word(const char *word, uint8_t, uint32_t) { xQueueSend(words, &word, 0); }
