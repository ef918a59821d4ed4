/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog on Arduino's mbed cores: a thread with a higher priority than the loop's. It reports, and restarts nothing. */
#include <Arduino.h>
#include <mbed.h>
#include <rtos.h>

#include "kws_user.h"
#include "main_arduino.h"

namespace {

constexpr uint32_t kStackBytes = 1536;

alignas(8) unsigned char stack[kStackBytes];
rtos::Thread thread(osPriorityAboveNormal, kStackBytes, stack, "watchdog");

void watch() {
  for (;;) {
    rtos::ThisThread::sleep_for(std::chrono::milliseconds(1000));
    kws_user_watch();
  }
}

}  // namespace

void kws_watchdog_begin(void) { thread.start(watch); }
