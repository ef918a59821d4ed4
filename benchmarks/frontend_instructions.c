/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what the front-end executes on an emulated Cortex-M4: reads samples.i16 through semihosting, writes the
 * features to features.u16 and the instructions of each step to standard output. See frontend_instructions.py.
 *
 * QEMU's -icount shift=10 lets 1024 ns of the machine's time pass per instruction; its timer counts 40 ns.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kws_filterbank.h"
#include "kws_frontend.h"
#include "kws_logarithm.h"
#include "kws_mps2.h"
#include "kws_noise_reduction.h"
#include "kws_pcan.h"
#include "kws_square_root.h"
#include "kws_analysis_window.h"

#define TICK_NS 40u
#define INSTRUCTION_NS 1024u
#define MAX_SAMPLES (1024u * 1024u)
#define MAX_CHANNELS 255u
#define CALIBRATION_LOOPS 1000u

typedef enum { WINDOW, FFT, FILTERBANK, SQUARE_ROOTS, NOISE, GAIN, LOGARITHM, ALL, COUNTS } count_of;

static const char *const NAMES[COUNTS] = {"window",         "FFT",  "filter bank", "square roots",
                                          "noise reduction", "gain", "logarithm",   "all"};

static int16_t samples[MAX_SAMPLES];
static uint64_t counts[COUNTS];
static uint32_t cost_of_looking; /* instructions that a measurement counts beside its subject */

static uint32_t begun;

static void begin(void)
{
    begun = KWS_MPS2_TIMER0->value;
}

/* Instructions since begin(). */
static uint32_t executed(void)
{
    const uint32_t ticks = begun - KWS_MPS2_TIMER0->value;
    return (uint32_t)(((uint64_t)ticks * TICK_NS + INSTRUCTION_NS / 2) / INSTRUCTION_NS) - cost_of_looking;
}

/* Two instructions a round. */
static __attribute__((noinline)) void loop(uint32_t rounds)
{
    __asm volatile(".syntax unified\n1: subs %0, %0, #1\n bne 1b" : "+r"(rounds)::"cc");
}

static uint32_t count_loop(uint32_t rounds)
{
    begin();
    loop(rounds);
    return executed();
}

/* Finds the cost of looking, and shows that a loop of known length is counted right. */
static void calibrate(void)
{
    KWS_MPS2_TIMER0->reload = UINT32_MAX;
    KWS_MPS2_TIMER0->value = UINT32_MAX;
    KWS_MPS2_TIMER0->control = KWS_TIMER_CONTROL_ENABLE;
    begin();
    cost_of_looking = executed();
    const uint32_t one = count_loop(CALIBRATION_LOOPS);
    const uint32_t three = count_loop(3 * CALIBRATION_LOOPS);
    if (three - one != 4 * CALIBRATION_LOOPS) {
        printf("error: %u rounds of two instructions were counted as %u\n", 2 * CALIBRATION_LOOPS,
               (unsigned)(three - one));
        exit(1);
    }
}

#define COUNT(what, statement) \
    do { \
        begin(); \
        statement; \
        counts[what] += executed(); \
    } while (0)

/* The sums whose roots the filter bank has just taken, as near as its results tell them. */
static void count_square_roots(const uint32_t *roots, size_t n_mels, int shift)
{
    for (size_t i = 0; i < n_mels; ++i) {
        const uint64_t root = (uint64_t)roots[i] << shift;
        COUNT(SQUARE_ROOTS, (void)kws_square_root(root * root));
    }
}

/* One frame, step by step, as compute_frame() of kws_frontend.c. `memory` belongs to a front-end that is not fed. */
static void count_steps(const kws_frontend_config *config, kws_frontend *frontend, const int16_t *window)
{
    const size_t n_mels = config->n_mels;
    uint16_t features[MAX_CHANNELS];
    uint32_t *signal = frontend->signal;
    int shift;
    COUNT(WINDOW, shift = kws_analysis_window_apply(config, window, frontend->spectrum));
    COUNT(FFT, kws_fft_real(&config->fft, shift, frontend->spectrum));
    COUNT(FILTERBANK, kws_filterbank_apply(&config->filterbank, n_mels, frontend->spectrum, shift, signal));
    count_square_roots(signal, n_mels, shift);
    COUNT(NOISE, kws_noise_reduction_apply(&config->noise, n_mels, frontend->noise, signal));
    COUNT(GAIN, kws_pcan_apply(&config->pcan, n_mels, frontend->noise, signal));
    COUNT(LOGARITHM, kws_logarithm_apply(&config->logarithm, n_mels, signal, features));
}

static FILE *opened(const char *name, const char *mode)
{
    FILE *file = fopen(name, mode);
    if (file == NULL) {
        printf("error: cannot open %s\n", name);
        exit(1);
    }
    return file;
}

static size_t read_samples(void)
{
    FILE *file = opened("samples.i16", "rb");
    const size_t count = fread(samples, sizeof samples[0], MAX_SAMPLES, file);
    fclose(file);
    return count;
}

int main(void)
{
    static uint32_t memory[2][KWS_FRONTEND_MEMORY_WORDS(2048, MAX_CHANNELS)];
    static uint16_t features[MAX_CHANNELS];
    const kws_frontend_config *config = &kws_frontend_default;
    const size_t count = read_samples();
    FILE *output = opened("features.u16", "wb");
    kws_frontend whole, stepwise;
    size_t frames = 0;
    calibrate();
    kws_frontend_init(&whole, config, memory[0]);
    kws_frontend_init(&stepwise, config, memory[1]);
    for (size_t at = 0; at < count;) {
        bool is_frame;
        const size_t end_of_frame = config->window_samples + frames * config->stride_samples;
        const size_t left = (end_of_frame < count ? end_of_frame : count) - at;
        begin();
        at += kws_frontend_feed(&whole, samples + at, left, features, &is_frame);
        if (is_frame) {
            counts[ALL] += executed();
            count_steps(config, &stepwise, samples + at - config->window_samples);
            fwrite(features, sizeof features[0], config->n_mels, output);
            ++frames;
        }
    }
    fclose(output);
    printf("frames %u\n", (unsigned)frames);
    for (int i = 0; i < COUNTS; ++i) {
        printf("%s %lu\n", NAMES[i], (unsigned long)(counts[i] / frames));
    }
    fflush(stdout);
    return 0;
}
