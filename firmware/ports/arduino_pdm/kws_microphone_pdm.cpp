/* A PDM microphone through Arduino's PDM.h (Nano 33 BLE Sense, Nano RP2040 Connect, Portenta's Vision Shield, …). */
#include <Arduino.h>
#include <PDM.h>

#include "kws_settings.h"
#include "main_arduino.h"

namespace {

constexpr int kChannels = 1;
constexpr size_t kBlockSamples = 256;

/* In the interrupt. PDM.h stops for ever when a block still waits at the next, so every block is taken whole. */
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
  if (!PDM.begin(kChannels, KWS_SAMPLE_RATE_HZ)) {
    return false;
  }
  PDM.setGain(KWS_MICROPHONE_GAIN);
  return true;
}
