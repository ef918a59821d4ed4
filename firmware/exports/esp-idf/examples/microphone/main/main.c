/* SPDX-License-Identifier: Apache-2.0 */
/* Listens to an I2S microphone such as INMP441; its L/R pin is at ground. */
#include <inttypes.h>
#include <stdio.h>

#include "driver/i2s_std.h"
#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "kws/kws_conditioner.h"
#include "sdkconfig.h"
#include "tinykws.h"

#define BLOCK_SAMPLES 160

static uint8_t memory[TINYKWS_MEMORY_BYTES];

static void on_word(void *context, const tinykws_detection *heard)
{
    (void)context;
    printf("Heard %s (%d) @%" PRIu32 "ms\n", heard->word, heard->score, heard->time_ms);
}

/* Half a second of sound fits its buffers, so that on_word() may take its time. */
static i2s_chan_handle_t open_microphone(void)
{
    i2s_chan_handle_t microphone;
    i2s_chan_config_t channel = I2S_CHANNEL_DEFAULT_CONFIG(I2S_NUM_AUTO, I2S_ROLE_MASTER);
    i2s_std_config_t format = {
        .clk_cfg = I2S_STD_CLK_DEFAULT_CONFIG(TINYKWS_SAMPLE_RATE_HZ),
        .slot_cfg = I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(I2S_DATA_BIT_WIDTH_32BIT, I2S_SLOT_MODE_MONO),
        .gpio_cfg =
            {
                .mclk = I2S_GPIO_UNUSED,
                .bclk = (gpio_num_t)CONFIG_EXAMPLE_CLOCK_PIN,
                .ws = (gpio_num_t)CONFIG_EXAMPLE_WORD_SELECT_PIN,
                .dout = I2S_GPIO_UNUSED,
                .din = (gpio_num_t)CONFIG_EXAMPLE_DATA_PIN,
            },
    };
    channel.dma_desc_num = 16;
    channel.dma_frame_num = 500;
    ESP_ERROR_CHECK(i2s_new_channel(&channel, NULL, &microphone));
    ESP_ERROR_CHECK(i2s_channel_init_std_mode(microphone, &format));
    ESP_ERROR_CHECK(i2s_channel_enable(microphone));
    return microphone;
}

void app_main(void)
{
    static int32_t slots[BLOCK_SAMPLES];
    static int16_t samples[BLOCK_SAMPLES];
    /* Without the constant offset that microphones add; half a second to settle. */
    kws_conditioner conditioner = {
        .slot_bits = 32,
        .shift = CONFIG_EXAMPLE_SHIFT,
        .settle_samples = TINYKWS_SAMPLE_RATE_HZ / 2,
    };
    tinykws *kws = tinykws_init(memory, sizeof memory, on_word, NULL);
    i2s_chan_handle_t microphone = open_microphone();
    for (;;) {
        size_t bytes = 0;
        ESP_ERROR_CHECK(i2s_channel_read(microphone, slots, sizeof slots, &bytes, portMAX_DELAY));
        tinykws_feed(kws, samples, kws_conditioner_take_slots(&conditioner, slots, bytes / sizeof slots[0], samples));
    }
}
