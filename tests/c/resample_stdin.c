/* SPDX-License-Identifier: Apache-2.0 */
/* Reads int16 samples of 44.1 kHz from stdin, in pieces of uneven sizes; writes those of 16 kHz to stdout. */
#include <stdio.h>

#include "kws_resampler.h"

#define MOST 300

int main(void)
{
    static kws_resampler resampler;
    static int16_t samples[MOST];
    static int16_t resampled[KWS_RESAMPLED_MOST(MOST)];
    size_t wanted = 128;
    size_t count;
    while ((count = fread(samples, sizeof *samples, wanted, stdin)) > 0) {
        const size_t made = kws_resample(&resampler, samples, count, resampled);
        if (made > KWS_RESAMPLED_MOST(count)) {
            return 1;
        }
        fwrite(resampled, sizeof *resampled, made, stdout);
        wanted = wanted * 7 % MOST + 1;
    }
    return 0;
}
