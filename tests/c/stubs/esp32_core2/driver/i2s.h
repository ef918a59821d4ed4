/* SPDX-License-Identifier: Apache-2.0 */
/* Of ESP-IDF 4.4's I2S driver, as in Arduino core 2.x, only what our firmware uses. */
#ifndef DRIVER_I2S_H
#define DRIVER_I2S_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESP_OK 0
#define I2S_PIN_NO_CHANGE (-1)

typedef int esp_err_t;
typedef enum { I2S_NUM_0 = 0 } i2s_port_t;
typedef enum { I2S_MODE_MASTER = 1, I2S_MODE_RX = 8, I2S_MODE_PDM = 64 } i2s_mode_t;
typedef enum { I2S_BITS_PER_SAMPLE_16BIT = 16, I2S_BITS_PER_SAMPLE_32BIT = 32 } i2s_bits_per_sample_t;
typedef enum { I2S_CHANNEL_FMT_ONLY_RIGHT = 3, I2S_CHANNEL_FMT_ONLY_LEFT = 4 } i2s_channel_fmt_t;
typedef enum { I2S_COMM_FORMAT_STAND_I2S = 1 } i2s_comm_format_t;
typedef enum { I2S_EVENT_RX_Q_OVF = 4 } i2s_event_type_t;

typedef struct {
  i2s_mode_t mode;
  uint32_t sample_rate;
  i2s_bits_per_sample_t bits_per_sample;
  i2s_channel_fmt_t channel_format;
  i2s_comm_format_t communication_format;
  int intr_alloc_flags;
  int dma_buf_count;
  int dma_buf_len;
  bool use_apll;
} i2s_config_t;

typedef struct {
  int mck_io_num;
  int bck_io_num;
  int ws_io_num;
  int data_out_num;
  int data_in_num;
} i2s_pin_config_t;

typedef struct {
  i2s_event_type_t type;
  size_t size;
} i2s_event_t;

esp_err_t i2s_driver_install(i2s_port_t port, const i2s_config_t *config, int queue_size, void *queue);
esp_err_t i2s_set_pin(i2s_port_t port, const i2s_pin_config_t *pins);
esp_err_t i2s_read(i2s_port_t port, void *bytes, size_t size, size_t *bytes_read, uint32_t ticks);

#endif
