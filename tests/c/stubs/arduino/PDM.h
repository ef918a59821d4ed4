/* SPDX-License-Identifier: Apache-2.0 */
/* Of Arduino's PDM library only what our firmware calls. */
#ifndef PDM_H
#define PDM_H

#include <stddef.h>

class PDMClass {
 public:
  int begin(int channels, int sample_rate);
  int available();
  int read(void *buffer, size_t size);
  void onReceive(void (*function)(void));
  void setGain(int gain);
  void setBufferSize(int bytes);
};
extern PDMClass PDM;

#endif
