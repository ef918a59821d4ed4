/* SPDX-License-Identifier: Apache-2.0 */
/* The front-end's steps at the edges of their ranges, each against its definition. Prints "ok"; the sanitizers watch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_bits.h"
#include "kws_filterbank.h"
#include "kws_logarithm.h"
#include "kws_noise_reduction.h"
#include "kws_pcan.h"
#include "kws_square_root.h"
#include "kws_analysis_window.h"

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            printf("line %d: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252u; /* xorshift64 */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void bit_lengths(void)
{
    REQUIRE(kws_bit_length32(0) == 0);
    for (int n = 1; n <= 32; ++n) {
        const uint32_t least = 1u << (n - 1);
        REQUIRE(kws_bit_length32(least) == n);
        REQUIRE(kws_bit_length32(least + (least - 1)) == n);
        REQUIRE(kws_bit_length64((uint64_t)least << 32) == n + 32);
    }
}

/* The root is the nearest whole number to sqrt(value): (root - 1/2)^2 < value < (root + 1/2)^2, doubled to stay whole,
 * or the end of its range. */
static void square_root_of(uint64_t value)
{
    const uint64_t root = kws_square_root(value);
    const uint64_t limit = value >> 32 == 0 ? 0xFFFFu : 0xFFFFFFFFu;
    REQUIRE(root <= limit);
    REQUIRE(root == 0 || root * root - root < value);
    REQUIRE(root == limit || value <= root * root + root);
}

static void square_roots(void)
{
    for (uint64_t n = 0; n < 70000; ++n) {
        square_root_of(n);
        square_root_of(n * n);
        square_root_of(n * n + n);
        square_root_of(n * n + n + 1);
    }
    for (int i = 0; i < 200000; ++i) {
        const uint64_t n = next_random() >> 32 >> (i % 32); /* where roots of up to 32 bits change */
        square_root_of(next_random() >> (i % 64));
        square_root_of(n * n);
        square_root_of(n * n + n);
        square_root_of(n * n + n + 1);
    }
    for (uint64_t below = 0; below < 70000; ++below) {
        const uint64_t n = UINT32_MAX - below;
        square_root_of(n * n + n);
        square_root_of(n * n + n + 1);
        square_root_of(UINT64_MAX - below);
    }
    square_root_of(UINT64_MAX);
    square_root_of(UINT32_MAX);
    square_root_of((uint64_t)UINT32_MAX + 1);
}

/* No table of 16-bit numbers and no estimate makes the interpolation overflow. */
static void gains(void)
{
    int16_t table[KWS_GAIN_TABLE_SIZE];
    for (int i = 0; i < KWS_GAIN_TABLE_SIZE; ++i) {
        table[i] = i % 2 == 0 ? INT16_MIN : INT16_MAX;
    }
    for (int round = 0; round < 200; ++round) {
        for (int bits = 0; bits <= 32; ++bits) {
            const uint32_t power = (uint32_t)((uint64_t)1 << bits);
            (void)kws_pcan_gain(table, power);
            (void)kws_pcan_gain(table, power - 1);
            (void)kws_pcan_gain(table, (uint32_t)next_random() >> (bits % 32));
        }
        for (int i = 0; i < KWS_GAIN_TABLE_SIZE; ++i) {
            table[i] = (int16_t)(uint16_t)next_random();
        }
    }
}

/* Every step after the filter bank with every bit of its input set or not. */
static void later_steps(void)
{
    const kws_frontend_config *config = &kws_frontend_default;
    uint32_t signal[4];
    uint32_t noise[4] = {0, 0, 0, 0};
    uint16_t features[4];
    for (int i = 0; i < 100000; ++i) {
        for (int channel = 0; channel < 4; ++channel) {
            signal[channel] = i % 7 == 0 ? UINT32_MAX : (uint32_t)(next_random() >> (32 + (i + channel) % 32));
        }
        kws_noise_reduction_apply(&config->noise, 4, noise, signal);
        kws_pcan_apply(&config->pcan, 4, noise, signal);
        kws_logarithm_apply(&config->logarithm, 4, signal, features);
        REQUIRE(features[i % 4] < 64 * 23); /* ln(2^32) * 2^6 */
    }
}

/* The log of every power of two and its neighbours is near the truth, and falls by no more than the one unit that the
 * staircase of corrections allows. */
static void logarithms(void)
{
    const kws_logarithm_config config = {kws_frontend_default.logarithm.log2_correction, 0, 6};
    uint16_t last = 0;
    for (int bits = 1; bits < 32; ++bits) {
        uint16_t features[3];
        const uint32_t power = 1u << bits;
        const uint32_t values[3] = {power - 1, power, power + 1};
        kws_logarithm_apply(&config, 3, values, features);
        REQUIRE(last <= features[0] && features[0] <= features[1] + 1 && features[1] <= features[2]);
        REQUIRE(abs((int)features[1] * 1000 - bits * 44361) <= 1000); /* 64 ln 2 = 44.361 */
        last = features[2];
    }
}

/* A sample of -32768 under the window's peak cannot be told from silence when the shift is chosen, as upstream. */
static void windows(void)
{
    const kws_frontend_config *config = &kws_frontend_default;
    int16_t *samples = (int16_t *)calloc(config->window_samples, sizeof(int16_t));
    kws_complex *spectrum = (kws_complex *)malloc(config->fft.size / 2u * sizeof(kws_complex));
    REQUIRE(kws_analysis_window_apply(config, samples, spectrum) == 15);
    samples[config->window_samples / 2] = INT16_MIN;
    REQUIRE(kws_analysis_window_apply(config, samples, spectrum) == 15);
    samples[config->window_samples / 2] = INT16_MAX;
    REQUIRE(kws_analysis_window_apply(config, samples, spectrum) == 0);
    free(spectrum);
    free(samples);
}

int main(void)
{
    bit_lengths();
    square_roots();
    gains();
    later_steps();
    logarithms();
    windows();
    printf("ok\n");
    return 0;
}
