/* SPDX-License-Identifier: Apache-2.0 */
/* The audio front-end: 16-bit samples in, one frame of log-mel features per stride out.
 *
 * analysis window -> FFT -> mel filter bank -> square root -> noise reduction -> gain control (PCAN) -> logarithm. Given the
 * same tables, every value equals that of TensorFlow's microfrontend (tensorflow/lite/experimental/microfrontend/lib).
 * Integers only; no allocation. All tables are constants that tinykws generates (kws_frontend_config.c): nothing is
 * computed at startup.
 *
 *     static uint32_t memory[KWS_FRONTEND_MEMORY_WORDS(480, 40)];
 *     kws_frontend frontend;
 *     kws_frontend_init(&frontend, &kws_frontend_default, memory);
 *     while (count > 0) {
 *         bool is_frame;
 *         size_t taken = kws_frontend_feed(&frontend, samples, count, features, &is_frame);
 *         if (is_frame) { ... features [n_mels] ... }
 *         samples += taken;
 *         count -= taken;
 *     }
 */
#ifndef KWS_FRONTEND_H
#define KWS_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kws_fft.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The mel filter bank: overlapping triangles. FFT bins from first_bin on fall into n_mels + 1 bands, one after the
 * other; in band b a bin's energy counts with `falling` for channel b - 1 and with `rising` for channel b. */
typedef struct {
    uint16_t first_bin;
    const uint8_t *band_widths; /* [n_mels + 1] bins of each band */
    const uint16_t *falling;    /* [bins] Q12; channel b - 1's share */
    const uint16_t *rising;     /* [bins] Q12; channel b's share */
} kws_filterbank_config;

/* Subtraction of the slowly changing part of each channel. Smoothing factors and the remainder are Q14. */
typedef struct {
    uint8_t smoothing_bits; /* extra bits that the noise estimate carries */
    uint16_t even_smoothing;
    uint16_t odd_smoothing;
    uint16_t min_signal_remaining;
} kws_noise_config;

/* Per-channel automatic gain: divides by a power of the noise estimate (https://research.google/pubs/pub45911). */
#define KWS_GAIN_TABLE_SIZE 125
typedef struct {
    const int16_t *gain; /* [KWS_GAIN_TABLE_SIZE] gain as a function of the estimate, in octaves: kws_pcan.c */
    uint8_t snr_shift;
} kws_pcan_config;

/* Natural logarithm. */
#define KWS_LOGARITHM_TABLE_SIZE 129
typedef struct {
    const uint16_t *log2_correction; /* [KWS_LOGARITHM_TABLE_SIZE] (log2(1 + k / 128) - k / 128) * 65536 */
    uint8_t input_shift;             /* bits by which the FFT's size outweighs the filter bank's scale */
    uint8_t scale_shift;             /* output = ln(value) << scale_shift */
} kws_logarithm_config;

typedef struct {
    uint16_t window_ms;
    uint16_t stride_ms;
    uint16_t window_samples;
    uint16_t stride_samples;
    uint16_t n_mels;
    const int16_t *window; /* [window_samples] Q12 */
    kws_fft_config fft;
    kws_filterbank_config filterbank;
    kws_noise_config noise;
    kws_pcan_config pcan;
    kws_logarithm_config logarithm;
} kws_frontend_config;

/* The tables of the model this program was generated for: kws_frontend_config.c. */
extern const kws_frontend_config kws_frontend_default;

typedef struct {
    const kws_frontend_config *config;
    size_t samples_held;
    int16_t *samples;      /* [window_samples] the newest ones, oldest first */
    kws_complex *spectrum; /* [fft.size / 2] */
    uint32_t *signal;      /* [n_mels] */
    uint32_t *noise;       /* [n_mels] the noise estimate, with smoothing_bits extra bits */
    /* The loudness of a frame, of its channels' amplitudes [n_mels] before noise reduction and gain control; NULL after
     * init: it is not measured. */
    uint32_t (*measure)(const uint32_t *signal, size_t n_mels);
    uint32_t loudness; /* of the newest frame */
} kws_frontend;

/* Limits of a configuration. Band widths are 8 bits; a line of features has two digits for each channel. */
#define KWS_MAX_MELS 128
#define KWS_MIN_WINDOW_SAMPLES 33
#define KWS_MAX_WINDOW_SAMPLES 2048

/* The smallest power of two that holds a window of 33 to 2048 samples. */
#define KWS_FFT_SIZE(window_samples) \
    ((window_samples) <= 64     ? 64 \
     : (window_samples) <= 128  ? 128 \
     : (window_samples) <= 256  ? 256 \
     : (window_samples) <= 512  ? 512 \
     : (window_samples) <= 1024 ? 1024 \
                                : 2048)

/* 32-bit words of memory that kws_frontend_init() wants. */
#define KWS_FRONTEND_MEMORY_WORDS(window_samples, n_mels) \
    (((window_samples) + 1) / 2 + KWS_FFT_SIZE(window_samples) / 2 + 2 * (n_mels))

/* Prepares a front-end on the caller's memory [KWS_FRONTEND_MEMORY_WORDS(window_samples, n_mels)], which belongs to it
 * from now on; config must outlive the front-end. */
void kws_frontend_init(kws_frontend *frontend, const kws_frontend_config *config, uint32_t *memory);

/* Forgets all samples and the noise estimate. */
void kws_frontend_reset(kws_frontend *frontend);

/* Takes samples until they are used up or a frame is complete; returns how many it took (at least one where count is
 * not 0). A complete frame is then in features [n_mels], and *is_frame is true. */
size_t kws_frontend_feed(kws_frontend *frontend, const int16_t *samples, size_t count, uint16_t *features,
                         bool *is_frame);

/* A feature as the model takes it: 0 to 670 becomes -128 to 127, in steps of the model's input scale. */
int8_t kws_quantize_feature(uint16_t feature);

#ifdef __cplusplus
}
#endif
#endif
