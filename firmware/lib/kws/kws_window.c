#include "kws_window.h"

#include "kws_bits.h"

#define WINDOW_BITS 12

/* One windowed sample. At -32768 under the window's peak it is -32768. */
static int16_t windowed(int16_t sample, int16_t coefficient)
{
    return (int16_t)(((int32_t)sample * coefficient) >> WINDOW_BITS);
}

/* The larger of `peak` and |value|; -32768 counts as nothing, as in the reference, where its 16-bit negative is itself. */
static int16_t larger(int16_t peak, int16_t value)
{
    const int16_t magnitude = (int16_t)(value < 0 ? -value : value);
    return magnitude > peak ? magnitude : peak;
}

static int16_t shifted(int16_t value, int shift)
{
    return (int16_t)(uint16_t)((uint32_t)(uint16_t)value << shift);
}

int kws_window_apply(const kws_frontend_config *config, const int16_t *samples, kws_complex *spectrum)
{
    const size_t half_size = config->fft.size / 2u;
    const size_t n = config->window_samples;
    size_t position = KWS_FFT_FIRST_POSITION;
    int16_t peak = 0;
    for (size_t i = 0; i < half_size; ++i) {
        const size_t even = 2 * i;
        const size_t odd = even + 1;
        kws_complex pair = {0, 0};
        if (even < n) {
            pair.r = windowed(samples[even], config->window[even]);
        }
        if (odd < n) {
            pair.i = windowed(samples[odd], config->window[odd]);
        }
        peak = larger(larger(peak, pair.r), pair.i);
        spectrum[position] = pair;
        position = kws_fft_next_position(position, half_size);
    }
    const int shift = 15 - kws_bit_length32((uint32_t)peak);
    for (size_t i = 0; i < half_size; ++i) {
        spectrum[i].r = shifted(spectrum[i].r, shift);
        spectrum[i].i = shifted(spectrum[i].i, shift);
    }
    return shift;
}
