/* SPDX-License-Identifier: Apache-2.0 */
/* Listens to raw sound on standard input:
 * arecord -t raw -f S16_LE -r 16000 | ./tinykws_example */
#include <stdio.h>

#include "tinykws.h"

static uint8_t memory[TINYKWS_MEMORY_BYTES];

static void on_word(void *context, const tinykws_detection *heard)
{
    (void)context;
    printf("Heard %s (%d) @%lums\n", heard->word, heard->score, (unsigned long)heard->time_ms);
    fflush(stdout);
}

int main(void)
{
    int16_t samples[320];
    size_t count;
    tinykws *kws = tinykws_init(memory, sizeof memory, on_word, NULL);
    while ((count = fread(samples, sizeof samples[0], 320, stdin)) > 0) {
        tinykws_feed(kws, samples, count);
    }
    return 0;
}
