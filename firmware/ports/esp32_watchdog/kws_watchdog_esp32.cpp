/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog on an ESP32: a task of FreeRTOS with a higher priority than the loop's. It reports, and restarts nothing. */
#include <Arduino.h>

#include "kws_user.h"
#include "main_arduino.h"

namespace {

constexpr uint32_t kTaskStackBytes = 2560;
constexpr UBaseType_t kTaskPriority = 2; /* the loop has 1, the microphone 5 */
constexpr BaseType_t kTaskCore = 0;

void watch(void *) {
  for (;;) {
    vTaskDelay(pdMS_TO_TICKS(1000));
    kws_user_watch();
  }
}

}  // namespace

void kws_watchdog_begin(void) {
  xTaskCreatePinnedToCore(watch, "watchdog", kTaskStackBytes, nullptr, kTaskPriority, nullptr, kTaskCore);
}
