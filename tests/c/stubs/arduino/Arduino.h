/* SPDX-License-Identifier: Apache-2.0 */
/* Of Arduino's API only what our firmware calls, to check its syntax without a board's tools. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>

#define OUTPUT 1
#define HIGH 1
#define LOW 0

void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
unsigned long millis(void);
unsigned long micros(void);
void delay(unsigned long ms);
void setup(void);
void loop(void);

class SerialPort {
 public:
  void begin(unsigned long baud);
  int available();
  int read();
  size_t write(const uint8_t *bytes, size_t count);
  void flush();
  operator bool();
#ifdef ARDUINO_ARCH_ESP32
  size_t setRxBufferSize(size_t size);
#endif
};
extern SerialPort Serial;

#ifdef ARDUINO_NRF52_ADAFRUIT /* FreeRTOS, which the core brings along, with stacks in words and no chosen processor core */
typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint32_t TickType_t;
typedef void *TaskHandle_t;
typedef void (*TaskFunction_t)(void *);
enum { TASK_PRIO_LOW = 1, TASK_PRIO_NORMAL = 2 };
#define pdMS_TO_TICKS(ms) (static_cast<TickType_t>(ms))
BaseType_t xTaskCreate(TaskFunction_t task, const char *name, uint16_t stack_words, void *argument, UBaseType_t priority,
                       TaskHandle_t *handle);
void vTaskDelay(TickType_t ticks);
#endif

#ifdef ARDUINO_ARCH_ESP32 /* FreeRTOS, which the core brings along */
typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint32_t TickType_t;
typedef void *TaskHandle_t;
typedef void (*TaskFunction_t)(void *);
typedef void *QueueHandle_t;
#define IRAM_ATTR __attribute__((section(".iram1.0")))
#define pdTRUE (static_cast<BaseType_t>(1))
#define pdPASS (static_cast<BaseType_t>(1))
#define portMAX_DELAY (static_cast<TickType_t>(0xffffffffUL))
BaseType_t xTaskCreatePinnedToCore(TaskFunction_t task, const char *name, uint32_t stack_bytes, void *argument,
                                   UBaseType_t priority, TaskHandle_t *handle, BaseType_t core);
void vTaskDelay(TickType_t ticks);
#define pdMS_TO_TICKS(ms) (static_cast<TickType_t>(ms))
void neopixelWrite(uint8_t pin, uint8_t red, uint8_t green, uint8_t blue);
QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_bytes);
BaseType_t xQueueSend(QueueHandle_t queue, const void *item, TickType_t ticks);
BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks);
#endif

#endif
