/* SPDX-License-Identifier: Apache-2.0 */
/* The I2S receiver through ESP_I2S.h, as Arduino's core 3.x has it (ESP-IDF 5). */
#include <Arduino.h>

#if ESP_ARDUINO_VERSION_MAJOR >= 3

#include <ESP_I2S.h>

#include "kws_i2s.h"
#include "main_arduino.h"

namespace {

I2SClass i2s;

constexpr i2s_data_bit_width_t kWidth =
    KWS_MICROPHONE_SLOT_BITS == 32 ? I2S_DATA_BIT_WIDTH_32BIT : I2S_DATA_BIT_WIDTH_16BIT;

bool begin_receiver() {
#if KWS_MICROPHONE_IS_PDM
  i2s.setPinsPdmRx(KWS_MICROPHONE_CLOCK_PIN, KWS_MICROPHONE_DATA_PIN);
  return i2s.begin(I2S_MODE_PDM_RX, KWS_SAMPLE_RATE_HZ, kWidth, I2S_SLOT_MODE_MONO);
#else
  i2s.setPins(KWS_MICROPHONE_CLOCK_PIN, KWS_MICROPHONE_WORD_SELECT_PIN, -1, KWS_MICROPHONE_DATA_PIN);
  return i2s.begin(I2S_MODE_STD, KWS_SAMPLE_RATE_HZ, kWidth, I2S_SLOT_MODE_MONO,
                   KWS_MICROPHONE_IS_RIGHT ? I2S_STD_SLOT_RIGHT : I2S_STD_SLOT_LEFT);
#endif
}

#if KWS_MICROPHONE_IS_PDM && KWS_MICROPHONE_IS_RIGHT
/* begin() knows of no channel but the left for PDM. */
bool choose_slot(i2s_chan_handle_t channel) {
  i2s_pdm_rx_slot_config_t slot = I2S_PDM_RX_SLOT_DEFAULT_CONFIG(kWidth, I2S_SLOT_MODE_MONO);
  slot.slot_mask = I2S_PDM_SLOT_RIGHT;
  return i2s_channel_reconfig_pdm_rx_slot(channel, &slot) == ESP_OK;
}
#else
bool choose_slot(i2s_chan_handle_t) { return true; }
#endif

/* In the interrupt: the oldest buffer was overwritten before it was read. */
bool IRAM_ATTR on_overflow(i2s_chan_handle_t, i2s_event_data_t *, void *) {
  kws_microphone_lost_block();
  return false; /* nobody was woken */
}

bool count_what_is_lost(i2s_chan_handle_t channel) {
  i2s_event_callbacks_t callbacks = {};
  callbacks.on_recv_q_ovf = on_overflow;
  return i2s_channel_register_event_callback(channel, &callbacks, nullptr) == ESP_OK;
}

/* What the library has no words for; the driver takes it only while the channel rests. */
bool complete_receiver() {
  const i2s_chan_handle_t channel = i2s.rxChan();
  return i2s_channel_disable(channel) == ESP_OK && choose_slot(channel) && count_what_is_lost(channel) &&
         i2s_channel_enable(channel) == ESP_OK;
}

}  // namespace

bool kws_i2s_begin(void) { return begin_receiver() && complete_receiver(); }

size_t kws_i2s_read(kws_slot *slots, size_t capacity) {
  return i2s.readBytes(reinterpret_cast<char *>(slots), capacity * sizeof slots[0]) / sizeof slots[0];
}

#endif
