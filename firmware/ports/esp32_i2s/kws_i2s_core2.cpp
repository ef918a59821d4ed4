/* SPDX-License-Identifier: Apache-2.0 */
/* The I2S receiver through driver/i2s.h, as Arduino's core 2.x has it (ESP-IDF 4.4). */
#include <Arduino.h>

#if ESP_ARDUINO_VERSION_MAJOR < 3

#include <driver/i2s.h>

#include "kws_i2s.h"
#include "main_arduino.h"

namespace {

constexpr i2s_port_t kPort = I2S_NUM_0; /* the one that understands PDM */
constexpr int kBuffers = 8;             /* 160 ms */
constexpr int kEvents = 16;

QueueHandle_t events;

i2s_config_t configuration() {
  constexpr int kMode = I2S_MODE_MASTER | I2S_MODE_RX | (KWS_MICROPHONE_IS_PDM ? I2S_MODE_PDM : 0);
  i2s_config_t config = {};
  config.mode = static_cast<i2s_mode_t>(kMode);
  config.sample_rate = KWS_SAMPLE_RATE_HZ;
  config.bits_per_sample = static_cast<i2s_bits_per_sample_t>(KWS_MICROPHONE_SLOT_BITS);
  config.channel_format = KWS_MICROPHONE_IS_RIGHT ? I2S_CHANNEL_FMT_ONLY_RIGHT : I2S_CHANNEL_FMT_ONLY_LEFT;
  config.communication_format = I2S_COMM_FORMAT_STAND_I2S;
  config.dma_buf_count = kBuffers;
  config.dma_buf_len = kBlockSlots;
  return config;
}

/* A PDM microphone's clock leaves by the word select's pin. */
i2s_pin_config_t pins() {
  i2s_pin_config_t pins = {};
  pins.mck_io_num = I2S_PIN_NO_CHANGE;
  pins.bck_io_num = KWS_MICROPHONE_IS_PDM ? I2S_PIN_NO_CHANGE : KWS_MICROPHONE_CLOCK_PIN;
  pins.ws_io_num = KWS_MICROPHONE_IS_PDM ? KWS_MICROPHONE_CLOCK_PIN : KWS_MICROPHONE_WORD_SELECT_PIN;
  pins.data_out_num = I2S_PIN_NO_CHANGE;
  pins.data_in_num = KWS_MICROPHONE_DATA_PIN;
  return pins;
}

void count_what_was_lost() {
  i2s_event_t event;
  while (xQueueReceive(events, &event, 0) == pdTRUE) {
    if (event.type == I2S_EVENT_RX_Q_OVF) {
      kws_microphone_lost_block();
    }
  }
}

}  // namespace

bool kws_i2s_begin(void) {
  const i2s_config_t config = configuration();
  const i2s_pin_config_t wiring = pins();
  return i2s_driver_install(kPort, &config, kEvents, &events) == ESP_OK && i2s_set_pin(kPort, &wiring) == ESP_OK;
}

size_t kws_i2s_read(kws_slot *slots, size_t capacity) {
  size_t bytes = 0;
  if (i2s_read(kPort, slots, capacity * sizeof slots[0], &bytes, portMAX_DELAY) != ESP_OK) {
    return 0;
  }
  count_what_was_lost();
  return bytes / sizeof slots[0];
}

#endif
