/* SPDX-License-Identifier: Apache-2.0 */
/* Listens to a DMIC, the devicetree node with the label dmic_dev. */
#include <zephyr/audio/dmic.h>
#include <zephyr/device.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "kws/kws_conditioner.h"
#include "tinykws.h"

#define BLOCK_MS 20
#define BLOCK_SAMPLES (TINYKWS_SAMPLE_RATE_HZ / 1000 * BLOCK_MS)
#define BLOCK_BYTES (BLOCK_SAMPLES * sizeof(int16_t))
#define BLOCKS 16 /* 320 ms, so that on_word() may take its time */
#define READ_TIMEOUT_MS 1000

K_MEM_SLAB_DEFINE_STATIC(blocks, BLOCK_BYTES, BLOCKS, 4);
static uint8_t memory[TINYKWS_MEMORY_BYTES];

static void on_word(void *context, const tinykws_detection *heard)
{
    (void)context;
    printk("Heard %s (%d) @%ums\n", heard->word, heard->score, (unsigned)heard->time_ms);
}

static int start(const struct device *microphone)
{
    struct pcm_stream_cfg stream = {
        .pcm_rate = TINYKWS_SAMPLE_RATE_HZ,
        .pcm_width = 16,
        .block_size = BLOCK_BYTES,
        .mem_slab = &blocks,
    };
    struct dmic_cfg config = {
        .io =
            {
                .min_pdm_clk_freq = 1000000,
                .max_pdm_clk_freq = 3500000,
                .min_pdm_clk_dc = 40,
                .max_pdm_clk_dc = 60,
            },
        .streams = &stream,
        .channel =
            {
                .req_chan_map_lo = dmic_build_channel_map(0, 0, PDM_CHAN_LEFT),
                .req_num_chan = 1,
                .req_num_streams = 1,
            },
    };
    const int error = dmic_configure(microphone, &config);
    return error < 0 ? error : dmic_trigger(microphone, DMIC_TRIGGER_START);
}

int main(void)
{
    const struct device *const microphone = DEVICE_DT_GET(DT_NODELABEL(dmic_dev));
    /* Without the constant offset that microphones add; half a second to settle. */
    kws_conditioner conditioner = {.slot_bits = 16, .settle_samples = TINYKWS_SAMPLE_RATE_HZ / 2};
    tinykws *kws = tinykws_init(memory, sizeof memory, on_word, NULL);
    int error = device_is_ready(microphone) ? start(microphone) : -ENODEV;
    while (error >= 0) {
        void *block;
        size_t bytes;
        error = dmic_read(microphone, 0, &block, &bytes, READ_TIMEOUT_MS);
        if (error >= 0) {
            int16_t *samples = block;
            const size_t count = bytes / sizeof samples[0];
            tinykws_feed(kws, samples, kws_conditioner_take_samples(&conditioner, samples, count, samples));
            k_mem_slab_free(&blocks, block);
        }
    }
    printk("the microphone failed: %d\n", error);
    return 0;
}
