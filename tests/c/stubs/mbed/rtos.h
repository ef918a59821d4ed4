/* SPDX-License-Identifier: Apache-2.0 */
/* Of mbed OS's threads only what our firmware calls. */
#ifndef RTOS_H
#define RTOS_H

#include <chrono>
#include <stdint.h>

typedef enum { osPriorityNormal = 24, osPriorityAboveNormal = 32 } osPriority;

namespace rtos {

class Thread {
 public:
  Thread(osPriority priority, uint32_t stack_bytes, unsigned char *stack, const char *name);
  int start(void (*task)());
};

namespace ThisThread {
void sleep_for(std::chrono::duration<uint32_t, std::milli> duration);
}

}  // namespace rtos

#endif
