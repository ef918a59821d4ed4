/* An I2S microphone on an ESP32 (INMP441, ICS-43434; L/R pin to ground), with Arduino's core 2.x or 3.x.
 *
 * Such a microphone puts 24 bits left-justified into slots of 32. They are shifted right by 16 less the gain of
 * boards.yaml: each step of gain doubles the sound, and what is too loud is clipped.
 */
#include <Arduino.h>

#include "kws_settings.h"
#include "main_arduino.h"

#if ESP_ARDUINO_VERSION_MAJOR >= 3
#include <ESP_I2S.h>
#else
#include <driver/i2s.h>
#endif

static_assert(KWS_MICROPHONE_GAIN >= 0 && KWS_MICROPHONE_GAIN <= 8, "microphone gain in boards.yaml: 0 to 8");

namespace {

constexpr size_t kBlockSamples = 320; /* 20 ms */
constexpr uint32_t kTaskStackBytes = 4096;
constexpr UBaseType_t kTaskPriority = 5; /* above the loop's, which computes */
constexpr BaseType_t kTaskCore = 0;      /* the loop runs on core 1, where there is one */

#if ESP_ARDUINO_VERSION_MAJOR >= 3

I2SClass i2s;

bool begin_i2s() {
  i2s.setPins(KWS_MICROPHONE_CLOCK_PIN, KWS_MICROPHONE_WORD_SELECT_PIN, -1, KWS_MICROPHONE_DATA_PIN);
  return i2s.begin(I2S_MODE_STD, KWS_SAMPLE_RATE_HZ, I2S_DATA_BIT_WIDTH_32BIT, I2S_SLOT_MODE_MONO);
}

/* Waits for slots; returns how many came. */
size_t read_slots(int32_t *slots, size_t capacity) {
  return i2s.readBytes(reinterpret_cast<char *>(slots), capacity * sizeof slots[0]) / sizeof slots[0];
}

#else

bool begin_i2s() {
  i2s_config_t config = {};
  config.mode = static_cast<i2s_mode_t>(I2S_MODE_MASTER | I2S_MODE_RX);
  config.sample_rate = KWS_SAMPLE_RATE_HZ;
  config.bits_per_sample = I2S_BITS_PER_SAMPLE_32BIT;
  config.channel_format = I2S_CHANNEL_FMT_ONLY_LEFT;
  config.communication_format = I2S_COMM_FORMAT_STAND_I2S;
  config.dma_buf_count = 8;
  config.dma_buf_len = kBlockSamples;

  i2s_pin_config_t pins = {};
  pins.mck_io_num = I2S_PIN_NO_CHANGE;
  pins.bck_io_num = KWS_MICROPHONE_CLOCK_PIN;
  pins.ws_io_num = KWS_MICROPHONE_WORD_SELECT_PIN;
  pins.data_out_num = I2S_PIN_NO_CHANGE;
  pins.data_in_num = KWS_MICROPHONE_DATA_PIN;

  return i2s_driver_install(I2S_NUM_0, &config, 0, nullptr) == ESP_OK && i2s_set_pin(I2S_NUM_0, &pins) == ESP_OK;
}

/* Waits for slots; returns how many came. */
size_t read_slots(int32_t *slots, size_t capacity) {
  size_t bytes = 0;
  i2s_read(I2S_NUM_0, slots, capacity * sizeof slots[0], &bytes, portMAX_DELAY);
  return bytes / sizeof slots[0];
}

#endif

int16_t sample_of(int32_t slot) {
  const int32_t value = slot >> (16 - KWS_MICROPHONE_GAIN);
  return static_cast<int16_t>(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

/* A task of its own, so that no block is lost while the loop computes. */
void listen(void *) {
  static int32_t slots[kBlockSamples];
  static int16_t samples[kBlockSamples];
  for (;;) {
    const size_t count = read_slots(slots, kBlockSamples);
    for (size_t i = 0; i < count; ++i) {
      samples[i] = sample_of(slots[i]);
    }
    kws_microphone_deliver(samples, count);
    if (count == 0) {
      vTaskDelay(1);
    }
  }
}

}  // namespace

bool kws_microphone_begin(void) {
  return begin_i2s() && xTaskCreatePinnedToCore(listen, "microphone", kTaskStackBytes, nullptr, kTaskPriority,
                                                nullptr, kTaskCore) == pdPASS;
}
