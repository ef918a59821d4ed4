/* SPDX-License-Identifier: Apache-2.0 */
/* An I2S microphone on a Teensy 4 through its Audio library (bit clock on pin 21, word select on 20, data on 8), which
 * runs at 44.1 kHz: resampled to 16 kHz.
 *
 * The library hands its blocks of 128 samples to every object in its graph from its own interrupt; ours is the end of it.
 */
#include <Arduino.h>
#include <Audio.h>

#include "kws_resampler.h"
#include "kws_settings.h"
#include "main_arduino.h"

static_assert(KWS_SAMPLE_RATE_HZ == 16000, "the resampler makes 16 kHz");
static_assert(AUDIO_SAMPLE_RATE_EXACT == 44100.0f, "the resampler takes 44.1 kHz: Teensy 4 has it, Teensy 3 has not");
static_assert(KWS_MICROPHONE_SLOT_BITS == 16, "microphone slot_bits in boards.yaml: the Audio library delivers 16");
static_assert(KWS_MICROPHONE_CLOCK_PIN == 21 && KWS_MICROPHONE_WORD_SELECT_PIN == 20 && KWS_MICROPHONE_DATA_PIN == 8,
              "the pins of a Teensy's first I2S are fixed");

namespace {

constexpr unsigned kBlocks = 8; /* two at a time are filled, one is read */
constexpr int kChannel = KWS_MICROPHONE_IS_RIGHT ? 1 : 0;

kws_resampler resampler;

class Listener : public AudioStream {
 public:
  Listener() : AudioStream(1, queue_) {}

  /* In the library's interrupt, once a block; without one where the library had no memory for it. */
  void update() override {
    audio_block_t *block = receiveReadOnly(0);
    if (block == nullptr) {
      kws_microphone_lost_block();
      return;
    }
    int16_t samples[KWS_RESAMPLED_MOST(AUDIO_BLOCK_SAMPLES)];
    const size_t count = kws_resample(&resampler, block->data, AUDIO_BLOCK_SAMPLES, samples);
    release(block);
    kws_microphone_deliver(samples, count);
  }

 private:
  audio_block_t *queue_[1];
};

}  // namespace

bool kws_microphone_begin(void) {
  AudioMemory(kBlocks);
  static AudioInputI2S microphone;
  static Listener listener;
  static AudioConnection wire(microphone, kChannel, listener, 0);
  return true;
}
