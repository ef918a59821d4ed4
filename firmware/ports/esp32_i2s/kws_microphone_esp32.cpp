/* SPDX-License-Identifier: Apache-2.0 */
/* A microphone on an ESP32: I2S (INMP441, ICS-43434) or PDM (SPM1423), with Arduino's core 2.x or 3.x.
 *
 * I2S microphones put 24 bits left-justified into slots of 32; `shift` in boards.yaml makes samples of them.
 */
#include <Arduino.h>

#include "kws_i2s.h"
#include "main_arduino.h"

namespace {

constexpr uint32_t kTaskStackBytes = 4096;
constexpr UBaseType_t kTaskPriority = 5; /* above the loop's, which computes */
constexpr BaseType_t kTaskCore = 0;      /* the loop runs on core 1, where there is one */

/* A task of its own, so that no block is lost while the loop computes. */
void listen(void *) {
  static kws_slot slots[kBlockSlots];
  for (;;) {
    const size_t count = kws_i2s_read(slots, kBlockSlots);
    kws_microphone_deliver(slots, count);
    if (count == 0) {
      vTaskDelay(1);
    }
  }
}

}  // namespace

bool kws_microphone_begin(void) {
  return kws_i2s_begin() && xTaskCreatePinnedToCore(listen, "microphone", kTaskStackBytes, nullptr, kTaskPriority,
                                                    nullptr, kTaskCore) == pdPASS;
}
