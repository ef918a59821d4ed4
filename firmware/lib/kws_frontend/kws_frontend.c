/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_frontend.h"

#include <string.h>

#include "kws_filterbank.h"
#include "kws_logarithm.h"
#include "kws_noise_reduction.h"
#include "kws_pcan.h"
#include "kws_analysis_window.h"

void kws_frontend_init(kws_frontend *frontend, const kws_frontend_config *config, uint32_t *memory)
{
    frontend->config = config;
    frontend->signal = memory;
    frontend->noise = frontend->signal + config->n_mels;
    frontend->spectrum = (kws_complex *)(frontend->noise + config->n_mels);
    frontend->samples = (int16_t *)(frontend->spectrum + config->fft.size / 2u);
    frontend->measure = NULL;
    kws_frontend_reset(frontend);
}

void kws_frontend_reset(kws_frontend *frontend)
{
    frontend->samples_held = 0;
    frontend->loudness = 0;
    memset(frontend->noise, 0, frontend->config->n_mels * sizeof frontend->noise[0]);
}

/* Computes a frame of the window that is held. */
static void compute_frame(kws_frontend *frontend, uint16_t *features)
{
    const kws_frontend_config *config = frontend->config;
    const size_t n_mels = config->n_mels;
    const int shift = kws_analysis_window_apply(config, frontend->samples, frontend->spectrum);
    kws_fft_real(&config->fft, shift, frontend->spectrum);
    kws_filterbank_apply(&config->filterbank, n_mels, frontend->spectrum, shift, frontend->signal);
    if (frontend->measure != NULL) {
        frontend->loudness = frontend->measure(frontend->signal, n_mels);
    }
    kws_noise_reduction_apply(&config->noise, n_mels, frontend->noise, frontend->signal);
    kws_pcan_apply(&config->pcan, n_mels, frontend->noise, frontend->signal);
    kws_logarithm_apply(&config->logarithm, n_mels, frontend->signal, features);
}

size_t kws_frontend_feed(kws_frontend *frontend, const int16_t *samples, size_t count, uint16_t *features,
                         bool *is_frame)
{
    const kws_frontend_config *config = frontend->config;
    const size_t wanted = config->window_samples - frontend->samples_held;
    const size_t taken = count < wanted ? count : wanted;
    if (taken > 0) {
        memcpy(frontend->samples + frontend->samples_held, samples, taken * sizeof samples[0]);
    }
    frontend->samples_held += taken;
    *is_frame = taken == wanted;
    if (*is_frame) {
        compute_frame(frontend, features);
        frontend->samples_held -= config->stride_samples;
        memmove(frontend->samples, frontend->samples + config->stride_samples,
                frontend->samples_held * sizeof samples[0]);
    }
    return taken;
}

int8_t kws_quantize_feature(uint16_t feature)
{
    /* The rule of TFLM's micro_speech: (feature / 25.6) is the float feature, 26.0 / 256 the model's input scale. */
    const uint32_t step = (feature * 256u + 333u) / 666u;
    return (int8_t)((int32_t)(step < 255u ? step : 255u) - 128);
}
