/* SPDX-License-Identifier: Apache-2.0 */
/* The FFT of real 16-bit samples, in fixed point, in place.
 *
 * Every rounding is that of kissfft (Mark Borgerding, BSD; version 130) with FIXED_POINT=16, which TensorFlow's
 * microfrontend runs: radix-4 stages that divide by 4, one radix-2 stage that divides by 2 where the size asks for
 * it, then the split of the half-size complex transform into the spectrum of the real signal. The result is the
 * discrete Fourier transform divided by fft_size.
 *
 * Sums that leave 16 bits wrap, as in kissfft; only special signals (full-scale square waves of certain periods)
 * reach it.
 */
#ifndef KWS_FFT_H
#define KWS_FFT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Aligned so that it can be moved as one word. */
#if defined(__GNUC__)
typedef struct __attribute__((aligned(4))) {
#else
typedef struct {
#endif
    int16_t r;
    int16_t i;
} kws_complex;

typedef struct {
    uint16_t size;                     /* real samples: 64, 128, 256, 512, 1024 or 2048 */
    const kws_complex *twiddles;       /* [size / 8][3] Q15: exp(-2 pi i k j / (size / 2)), j = 1, 2, 3 */
    const kws_complex *split_twiddles; /* [size / 4] Q15: exp(-pi i ((k + 1) / (size / 2) + 1/2)) */
} kws_fft_config;

/* The input is in digit-reversed order, so that everything else happens in place. Of four complex samples that
 * follow each other, the first is at `position` and each other one half_size / 4 behind the one before it; the second
 * function gives the position of the next four. `half_size` is size / 2. */
#define KWS_FFT_FIRST_POSITION 0u
size_t kws_fft_next_position(size_t position, size_t half_size);

/* Transforms `spectrum` [size / 2]. In: two consecutive real samples (even, odd) as (r, i) of each complex sample, at
 * the positions above; they are shifted up by `shift` bits first, 0 to 15. Out: bins 0 to size / 2 - 1 in order; the
 * real bin size / 2 is left out. */
void kws_fft_real(const kws_fft_config *config, int shift, kws_complex *spectrum);

#ifdef __cplusplus
}
#endif
#endif
