/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every operation of kws_pair.h, and the steps made of them, over all 16-bit numbers or many random ones, and
 * prints one checksum each: builds of the two forms must print the same. */
#include <stdio.h>
#include <string.h>

#include "kws_crc32.h"
#include "kws_filterbank.h"
#include "kws_frontend.h"
#include "kws_pair.h"
#include "kws_analysis_window.h"

#define RANDOM_PAIRS 20000
#define ROUNDS 60
#define MAX_SIZE 2048

static uint32_t crc;

static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252u; /* xorshift64 */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Half of them from the ends of the range. */
static int16_t random_number(void)
{
    static const int16_t edges[8] = {-32768, -32767, -16384, -1, 0, 1, 16384, 32767};
    const uint32_t random = (uint32_t)(next_random() >> 32);
    return random & 1 ? edges[random >> 1 & 7] : (int16_t)(uint16_t)(random >> 8);
}

static kws_pair random_pair(void)
{
    const kws_complex pair = {random_number(), random_number()};
    return kws_pair_load(&pair);
}

static kws_pair pair_of(int32_t r, int32_t i)
{
    const kws_complex pair = {(int16_t)r, (int16_t)i};
    return kws_pair_load(&pair);
}

static void take_bytes(const void *bytes, size_t count)
{
    crc = kws_crc32(crc, (const uint8_t *)bytes, count);
}

static void take(kws_pair a)
{
    kws_complex pair;
    kws_pair_store(&pair, a);
    take_bytes(&pair, sizeof pair);
}

static void say(const char *name)
{
    printf("%s %08lx\n", name, (unsigned long)crc);
    crc = 0;
}

#define FOR_ALL(name, result) \
    do { \
        for (int32_t n = -32768; n < 32768; ++n) { \
            const kws_pair a = pair_of(n, 12345 - n); \
            take(result); \
        } \
        say(name); \
    } while (0)

#define FOR_RANDOM(name, result) \
    do { \
        for (int i = 0; i < RANDOM_PAIRS; ++i) { \
            const kws_pair a = random_pair(); \
            const kws_pair b = random_pair(); \
            take(result); \
        } \
        say(name); \
    } while (0)

static void operations(void)
{
    FOR_ALL("halved", kws_pair_scale(a, 16383));
    FOR_ALL("quartered", kws_pair_scale(a, 8191));
    FOR_ALL("conjugate", kws_pair_conjugate(a));
    FOR_ALL("magnitude", kws_pair_collect_magnitude(kws_pair_zero(), a));
    for (int shift = 0; shift < 16; ++shift) {
        FOR_RANDOM("shifted up", kws_pair_shift_up(kws_pair_join(a, b), shift));
    }
    for (int twiddle = 0; twiddle < kws_frontend_default.fft.size / 8 * 3; ++twiddle) {
        const kws_pair by = kws_pair_load(&kws_frontend_default.fft.twiddles[twiddle]);
        for (int i = 0; i < 100; ++i) {
            take(kws_pair_multiply(random_pair(), by));
            take(kws_pair_multiply_small(kws_pair_scale(random_pair(), 8191), by));
        }
    }
    say("multiplied");
    FOR_RANDOM("sum", kws_pair_add(a, b));
    FOR_RANDOM("difference", kws_pair_subtract(a, b));
    FOR_RANDOM("a + i b", kws_pair_add_i(a, b));
    FOR_RANDOM("a - i b", kws_pair_subtract_i(a, b));
    FOR_RANDOM("half the sum", kws_pair_half_sum(a, b));
    FOR_RANDOM("half the difference", kws_pair_half_difference(a, b));
    FOR_RANDOM("joined", kws_pair_join(a, b));
    FOR_RANDOM("magnitudes", kws_pair_collect_magnitude(a, b));
    FOR_RANDOM("magnitudes collected", pair_of((int32_t)kws_pair_collected(a), (int32_t)kws_pair_collected(b)));
    FOR_RANDOM("energies", pair_of((int32_t)(kws_pair_energy(a) >> 16), (int32_t)kws_pair_energy(b)));
    FOR_RANDOM("energies, low", pair_of((int32_t)kws_pair_energy(a), (int32_t)kws_pair_energy(b)));
    for (int32_t coefficient = 0; coefficient <= 4096; coefficient += 64) {
        for (int i = 0; i < 1000; ++i) {
            take(kws_pair_times_q12(random_pair(), pair_of(coefficient, 4096 - coefficient)));
        }
    }
    say("windowed");
}

/* Window, FFT and filter bank over whole windows of random numbers, each round quieter than the one before. */
static void steps(void)
{
    static int16_t samples[MAX_SIZE];
    static kws_complex spectrum[MAX_SIZE / 2];
    static uint32_t signal[UINT8_MAX];
    const kws_frontend_config *config = &kws_frontend_default;
    for (int round = 0; round < ROUNDS; ++round) {
        for (size_t i = 0; i < config->window_samples; ++i) {
            samples[i] = (int16_t)(random_number() >> round % 16);
        }
        const int shift = kws_analysis_window_apply(config, samples, spectrum);
        take_bytes(&shift, sizeof shift);
        take_bytes(spectrum, config->fft.size / 2u * sizeof spectrum[0]);
        say("window");
        kws_fft_real(&config->fft, shift, spectrum);
        take_bytes(spectrum, config->fft.size / 2u * sizeof spectrum[0]);
        say("FFT");
        kws_filterbank_apply(&config->filterbank, config->n_mels, spectrum, shift, signal);
        take_bytes(signal, config->n_mels * sizeof signal[0]);
        say("filter bank");
    }
}

int main(void)
{
    operations();
    steps();
    fflush(stdout);
    return 0;
}
