#include "kws_fft.h"

/* Q15 factors by which kissfft divides before a sum of 2 and of 4 terms: 32767 / 2 and 32767 / 4. */
#define HALF 16383
#define QUARTER 8191

/* Rounds a Q15 product to the nearest 16-bit value, halves upwards. */
static int16_t round_q15(int32_t product)
{
    return (int16_t)((product + (1 << 14)) >> 15);
}

static kws_complex scale(kws_complex a, int32_t factor)
{
    const kws_complex result = {round_q15(a.r * factor), round_q15(a.i * factor)};
    return result;
}

static kws_complex multiply(kws_complex a, kws_complex b)
{
    const kws_complex result = {round_q15((int32_t)a.r * b.r - (int32_t)a.i * b.i),
                                round_q15((int32_t)a.r * b.i + (int32_t)a.i * b.r)};
    return result;
}

static kws_complex add(kws_complex a, kws_complex b)
{
    const kws_complex result = {(int16_t)(a.r + b.r), (int16_t)(a.i + b.i)};
    return result;
}

static kws_complex subtract(kws_complex a, kws_complex b)
{
    const kws_complex result = {(int16_t)(a.r - b.r), (int16_t)(a.i - b.i)};
    return result;
}

/* a - i b */
static kws_complex subtract_i(kws_complex a, kws_complex b)
{
    const kws_complex result = {(int16_t)(a.r + b.i), (int16_t)(a.i - b.r)};
    return result;
}

/* a + i b */
static kws_complex add_i(kws_complex a, kws_complex b)
{
    const kws_complex result = {(int16_t)(a.r - b.i), (int16_t)(a.i + b.r)};
    return result;
}

/* Combines pairs of single samples. Their twiddle is 1, and a halved value times 32767/32768 rounds to itself. */
static void radix2_first_stage(kws_complex *data, size_t n)
{
    const kws_complex *const end = data + n;
    for (; data != end; data += 2) {
        const kws_complex a = scale(data[0], HALF);
        const kws_complex b = scale(data[1], HALF);
        data[0] = add(a, b);
        data[1] = subtract(a, b);
    }
}

/* Combines x0 to x3, already divided by 4 and turned, into data[0], [m], [2 m], [3 m]. */
static void radix4_sums(kws_complex *data, size_t m, kws_complex x0, kws_complex x1, kws_complex x2, kws_complex x3)
{
    const kws_complex even_sum = add(x0, x2);
    const kws_complex even_difference = subtract(x0, x2);
    const kws_complex odd_sum = add(x1, x3);
    const kws_complex odd_difference = subtract(x1, x3);
    data[0] = add(even_sum, odd_sum);
    data[m] = subtract_i(even_difference, odd_difference);
    data[2 * m] = subtract(even_sum, odd_sum);
    data[3 * m] = add_i(even_difference, odd_difference);
}

/* Combines, all over the n samples, groups of four transforms of m samples that stand one behind the other. */
static void radix4_stage(kws_complex *data, size_t n, size_t m, const kws_complex *twiddles)
{
    const size_t step = n / (4 * m);
    const kws_complex *const end = data + n;
    for (; data != end; data += 4 * m) {
        /* The first twiddle of each group is 1, and a quarter times 32767/32768 rounds to itself. */
        radix4_sums(data, m, scale(data[0], QUARTER), scale(data[m], QUARTER), scale(data[2 * m], QUARTER),
                    scale(data[3 * m], QUARTER));
        for (size_t k = 1; k < m; ++k) {
            const kws_complex x1 = multiply(scale(data[k + m], QUARTER), twiddles[k * step]);
            const kws_complex x2 = multiply(scale(data[k + 2 * m], QUARTER), twiddles[2 * k * step]);
            const kws_complex x3 = multiply(scale(data[k + 3 * m], QUARTER), twiddles[3 * k * step]);
            radix4_sums(data + k, m, scale(data[k], QUARTER), x1, x2, x3);
        }
    }
}

/* Half of a + b, without losing the sum's 17th bit. */
static int16_t half_sum(int32_t a, int32_t b)
{
    return (int16_t)((a + b) >> 1);
}

/* Turns the transform of (even, odd) pairs into the spectrum of the real signal. Bin n is not kept. */
static void split_real(kws_complex *data, size_t n, const kws_complex *twiddles)
{
    const kws_complex dc = scale(data[0], HALF);
    data[0].r = (int16_t)(dc.r + dc.i);
    data[0].i = 0;
    for (size_t k = 1; k <= n / 2; ++k) {
        const kws_complex a = scale(data[k], HALF);
        const kws_complex mirrored = {data[n - k].r, (int16_t)-data[n - k].i};
        const kws_complex b = scale(mirrored, HALF);
        const kws_complex sum = add(a, b);
        const kws_complex turned = multiply(subtract(a, b), twiddles[k - 1]);
        data[k].r = half_sum(sum.r, turned.r);
        data[k].i = half_sum(sum.i, turned.i);
        data[n - k].r = half_sum(sum.r, -turned.r);
        data[n - k].i = half_sum(turned.i, -sum.i);
    }
}

size_t kws_fft_next_position(size_t position, size_t half_size)
{
    /* Adds one to a number whose digits (radix 4; the least significant position radix 2 where half_size is no power
     * of 4) stand in reverse: the carry runs from the top. */
    size_t place = half_size;
    for (;;) {
        const size_t radix = place % 4 == 0 ? 4 : 2;
        place /= radix;
        if (position < (radix - 1) * place || place == 0) {
            return position + place;
        }
        position -= (radix - 1) * place;
    }
}

void kws_fft_real(const kws_fft_config *config, kws_complex *spectrum)
{
    const size_t n = config->size / 2u;
    size_t m = 1;
    size_t rest = n;
    while (rest % 4 == 0) {
        rest /= 4;
    }
    if (rest == 2) {
        radix2_first_stage(spectrum, n);
        m = 2;
    }
    for (; m < n; m *= 4) {
        radix4_stage(spectrum, n, m, config->twiddles);
    }
    split_real(spectrum, n, config->split_twiddles);
}
