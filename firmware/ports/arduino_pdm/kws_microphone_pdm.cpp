/* SPDX-License-Identifier: Apache-2.0 */
/* A PDM microphone through PDM.h, which Arduino's mbed cores, Adafruit's nRF52 core and arduino-pico have: on the board (Nano
 * 33 BLE Sense, XIAO nRF52840 Sense, Feather Sense, Portenta's Vision Shield…), or wired to the pins that build_flags name
 * (Pico, Pico 2: PIN_PDM_CLK, PIN_PDM_DIN).
 */
#include <Arduino.h>
#include <PDM.h>

#include "kws_settings.h"
#include "main_arduino.h"

static_assert(KWS_MICROPHONE_SLOT_BITS == 16, "microphone slot_bits in boards.yaml: PDM.h delivers 16");

#if KWS_MICROPHONE_CLOCK_PIN >= 0
static_assert(PIN_PDM_CLK == KWS_MICROPHONE_CLOCK_PIN, "clock_pin in boards.yaml is not build_flags' PIN_PDM_CLK");
static_assert(PIN_PDM_DIN == KWS_MICROPHONE_DATA_PIN, "data_pin in boards.yaml is not build_flags' PIN_PDM_DIN");
#endif

namespace {

constexpr int kChannels = 1;
constexpr size_t kBlockSamples = 256;

/* In the interrupt. PDM.h stops for ever (nRF52840) or drops blocks unseen (RP2040) when one still waits at the next, so
 * every block is taken whole, and what has no room is counted in our ring. */
void take_blocks() {
  int16_t samples[kBlockSamples];
  while (PDM.available() > 0) {
    const int bytes = PDM.read(samples, sizeof samples);
    if (bytes <= 0) {
      return;
    }
    kws_microphone_deliver(samples, static_cast<size_t>(bytes) / sizeof samples[0]);
  }
}

}  // namespace

bool kws_microphone_begin(void) {
  PDM.onReceive(take_blocks);
  PDM.setBufferSize(sizeof(int16_t) * kBlockSamples);
  PDM.setGain(KWS_MICROPHONE_GAIN);
  const bool runs = PDM.begin(kChannels, KWS_SAMPLE_RATE_HZ) != 0;
#ifdef ARDUINO_NRF52_ADAFRUIT /* its begin() sets the gain to the default */
  PDM.setGain(KWS_MICROPHONE_GAIN);
#endif
  return runs;
}
