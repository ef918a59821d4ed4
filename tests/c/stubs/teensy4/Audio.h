/* SPDX-License-Identifier: Apache-2.0 */
/* Of Teensy's Audio library and the AudioStream.h below it only what our firmware uses. */
#ifndef AUDIO_H
#define AUDIO_H

#include <stdint.h>

#define AUDIO_BLOCK_SAMPLES 128
#define AUDIO_SAMPLE_RATE_EXACT 44100.0f
#define AudioMemory(blocks) (static_cast<void>(blocks))

typedef struct audio_block_struct {
  int16_t data[AUDIO_BLOCK_SAMPLES];
} audio_block_t;

class AudioStream {
 public:
  AudioStream(unsigned char inputs, audio_block_t **queue);

 protected:
  audio_block_t *receiveReadOnly(unsigned int index = 0);
  static void release(audio_block_t *block);

 private:
  virtual void update(void) = 0;
};

class AudioConnection {
 public:
  AudioConnection(AudioStream &source, unsigned char output, AudioStream &destination, unsigned char input);
};

class AudioInputI2S : public AudioStream {
 public:
  AudioInputI2S();
  void update(void) override;
};

#endif
