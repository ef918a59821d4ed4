/* SPDX-License-Identifier: Apache-2.0 */
/* Of ESP-IDF's esp_sleep.h only what the examples call. */
#ifndef ESP_SLEEP_H
#define ESP_SLEEP_H

typedef enum { GPIO_NUM_0 = 0 } gpio_num_t;
typedef int esp_err_t;

extern "C" {
esp_err_t esp_sleep_enable_ext0_wakeup(gpio_num_t pin, int level);
void esp_deep_sleep_start(void) __attribute__((noreturn));
}

#endif
