/* SPDX-License-Identifier: Apache-2.0 */
/* Of Arduino core 3.x's I2S library, and of ESP-IDF 5's driver below it, only what our firmware uses. */
#ifndef ESP_I2S_H
#define ESP_I2S_H

#include <stddef.h>
#include <stdint.h>

#define ESP_OK 0

typedef int esp_err_t;
typedef enum { I2S_MODE_STD, I2S_MODE_PDM_RX } i2s_mode_t;
typedef enum { I2S_DATA_BIT_WIDTH_16BIT = 16, I2S_DATA_BIT_WIDTH_32BIT = 32 } i2s_data_bit_width_t;
typedef enum { I2S_SLOT_MODE_MONO = 1 } i2s_slot_mode_t;
typedef enum { I2S_STD_SLOT_LEFT = 1, I2S_STD_SLOT_RIGHT = 2 } i2s_std_slot_mask_t;
typedef enum { I2S_PDM_SLOT_RIGHT = 1, I2S_PDM_SLOT_LEFT = 2 } i2s_pdm_slot_mask_t;

typedef struct i2s_channel_obj_t *i2s_chan_handle_t;
typedef struct {
  void *dma_buf;
  size_t size;
} i2s_event_data_t;
typedef bool (*i2s_isr_callback_t)(i2s_chan_handle_t handle, i2s_event_data_t *event, void *user_ctx);
typedef struct {
  i2s_isr_callback_t on_recv;
  i2s_isr_callback_t on_recv_q_ovf;
} i2s_event_callbacks_t;

typedef struct {
  i2s_data_bit_width_t data_bit_width;
  i2s_slot_mode_t slot_mode;
  i2s_pdm_slot_mask_t slot_mask;
} i2s_pdm_rx_slot_config_t;
#define I2S_PDM_RX_SLOT_DEFAULT_CONFIG(width, mode) \
  { width, mode, I2S_PDM_SLOT_LEFT }

esp_err_t i2s_channel_disable(i2s_chan_handle_t handle);
esp_err_t i2s_channel_enable(i2s_chan_handle_t handle);
esp_err_t i2s_channel_register_event_callback(i2s_chan_handle_t handle, const i2s_event_callbacks_t *callbacks,
                                              void *user_data);
esp_err_t i2s_channel_reconfig_pdm_rx_slot(i2s_chan_handle_t handle, const i2s_pdm_rx_slot_config_t *slot);

class I2SClass {
 public:
  void setPins(int8_t bclk, int8_t ws, int8_t dout, int8_t din = -1, int8_t mclk = -1);
  void setPinsPdmRx(int8_t clk, int8_t din0, int8_t din1 = -1, int8_t din2 = -1, int8_t din3 = -1);
  bool begin(i2s_mode_t mode, uint32_t rate, i2s_data_bit_width_t bits, i2s_slot_mode_t slots, int8_t slot_mask = -1);
  size_t readBytes(char *buffer, size_t size);
  i2s_chan_handle_t rxChan();
};

#endif
