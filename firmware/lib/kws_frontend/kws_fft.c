/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_fft.h"

#include "kws_pair.h"

/* Q15 factors by which kissfft divides before a sum of 2 and of 4 terms: 32767 / 2 and 32767 / 4. */
#define HALF 16383
#define QUARTER 8191

static inline kws_pair half_of(const kws_complex *from)
{
    return kws_pair_scale(kws_pair_load(from), HALF);
}

static inline kws_pair quarter_of(const kws_complex *from)
{
    return kws_pair_scale(kws_pair_load(from), QUARTER);
}

static inline kws_pair turned_quarter_of(const kws_complex *from, const kws_complex *twiddle)
{
    return kws_pair_multiply_small(quarter_of(from), kws_pair_load(twiddle));
}

/* Combines x0 to x3, already divided by 4 and turned, into data[0], [m], [2 m], [3 m]. Sums of two are below 2^15: a quarter is
 * below 2^13 and turned below 1.5 * 2^13. */
static inline void radix4_sums(kws_complex *data, size_t m, kws_pair x0, kws_pair x1, kws_pair x2, kws_pair x3)
{
    const kws_pair even_sum = kws_pair_add(x0, x2);
    const kws_pair even_difference = kws_pair_subtract(x0, x2);
    const kws_pair odd_sum = kws_pair_add(x1, x3);
    const kws_pair odd_difference = kws_pair_subtract(x1, x3);
    kws_pair_store(&data[0], kws_pair_add(even_sum, odd_sum));
    kws_pair_store(&data[m], kws_pair_subtract_i(even_difference, odd_difference));
    kws_pair_store(&data[2 * m], kws_pair_subtract(even_sum, odd_sum));
    kws_pair_store(&data[3 * m], kws_pair_add_i(even_difference, odd_difference));
}

/* Shifts single samples up, and combines them by twos. Their twiddle is 1, and a halved value times 32767/32768 rounds
 * to itself. */
static void radix2_first_stage(kws_complex *data, size_t n, int shift)
{
    const kws_complex *const end = data + n;
    for (; data != end; data += 2) {
        const kws_pair a = kws_pair_scale(kws_pair_shift_up(kws_pair_load(&data[0]), shift), HALF);
        const kws_pair b = kws_pair_scale(kws_pair_shift_up(kws_pair_load(&data[1]), shift), HALF);
        kws_pair_store(&data[0], kws_pair_add(a, b));
        kws_pair_store(&data[1], kws_pair_subtract(a, b));
    }
}

static inline kws_pair quarter_of_shifted(const kws_complex *from, int shift)
{
    return kws_pair_scale(kws_pair_shift_up(kws_pair_load(from), shift), QUARTER);
}

/* The same by fours; a quarter times 32767/32768 rounds to itself, too. */
static void radix4_first_stage(kws_complex *data, size_t n, int shift)
{
    const kws_complex *const end = data + n;
    for (; data != end; data += 4) {
        radix4_sums(data, 1, quarter_of_shifted(&data[0], shift), quarter_of_shifted(&data[1], shift),
                    quarter_of_shifted(&data[2], shift), quarter_of_shifted(&data[3], shift));
    }
}

/* Combines, all over the n samples, groups of four transforms of m samples that follow each other. */
static void radix4_stage(kws_complex *data, size_t n, size_t m, const kws_complex *twiddles)
{
    const size_t step = n / (4 * m) * 3;
    const kws_complex *const end = data + n;
    for (; data != end; data += 3 * m) {
        const kws_complex *const first_end = data + m;
        const kws_complex *twiddle = twiddles;
        /* The first twiddles are 1. */
        radix4_sums(data, m, quarter_of(&data[0]), quarter_of(&data[m]), quarter_of(&data[2 * m]),
                    quarter_of(&data[3 * m]));
        for (++data; data != first_end; ++data) {
            twiddle += step;
            radix4_sums(data, m, quarter_of(&data[0]), turned_quarter_of(&data[m], &twiddle[0]),
                        turned_quarter_of(&data[2 * m], &twiddle[1]), turned_quarter_of(&data[3 * m], &twiddle[2]));
        }
    }
}

/* Turns the transform of (even, odd) pairs into the spectrum of the real signal. Bin n is not kept. */
static void split_real(kws_complex *data, size_t n, const kws_complex *twiddle)
{
    kws_complex *low = data;
    kws_complex *high = data + n;
    kws_complex dc;
    kws_pair_store(&dc, half_of(low));
    low->r = (int16_t)(dc.r + dc.i);
    low->i = 0;
    while (++low <= --high) {
        const kws_pair a = half_of(low);
        const kws_pair b = kws_pair_scale(kws_pair_conjugate(kws_pair_load(high)), HALF);
        const kws_pair sum = kws_pair_add(a, b);
        const kws_pair turned = kws_pair_multiply(kws_pair_subtract(a, b), kws_pair_load(twiddle++));
        kws_pair_store(low, kws_pair_half_sum(sum, turned));
        kws_pair_store(high,
                       kws_pair_join(kws_pair_half_difference(sum, turned), kws_pair_half_difference(turned, sum)));
    }
}

size_t kws_fft_next_position(size_t position, size_t half_size)
{
    /* Adds four to a number whose digits (radix 4; the least significant place radix 2 where half_size is no power of
     * 4) stand in reverse: the carry runs from the second place down. */
    size_t place = half_size / 4;
    while (place > 1) {
        const size_t next_place = place % 4 == 0 ? place / 4 : place / 2;
        if (position < place - next_place) {
            return position + next_place;
        }
        position -= place - next_place;
        place = next_place;
    }
    return position;
}

void kws_fft_real(const kws_fft_config *config, int shift, kws_complex *spectrum)
{
    const size_t n = config->size / 2u;
    size_t m = 1;
    while (n % (4 * m) == 0) {
        m *= 4;
    }
    if (m == n) {
        radix4_first_stage(spectrum, n, shift);
        m = 4;
    } else {
        radix2_first_stage(spectrum, n, shift);
        m = 2;
    }
    for (; m < n; m *= 4) {
        radix4_stage(spectrum, n, m, config->twiddles);
    }
    split_real(spectrum, n, config->split_twiddles);
}
