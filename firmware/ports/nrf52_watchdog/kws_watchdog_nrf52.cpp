/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog on Adafruit's core for the nRF52: a task of FreeRTOS with a higher priority than the loop's. It reports, and
 * restarts nothing. */
#include <Arduino.h>

#include "kws_user.h"
#include "main_arduino.h"

namespace {

constexpr uint16_t kTaskStackWords = 512;

void watch(void *) {
  for (;;) {
    vTaskDelay(pdMS_TO_TICKS(1000));
    kws_user_watch();
  }
}

}  // namespace

void kws_watchdog_begin(void) {
  TaskHandle_t task;
  xTaskCreate(watch, "watchdog", kTaskStackWords, nullptr, TASK_PRIO_NORMAL, &task); /* the loop has TASK_PRIO_LOW */
}
