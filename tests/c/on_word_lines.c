/* SPDX-License-Identifier: Apache-2.0 */
/* A user's file for tests of the application. With ON_WORD_LINES, each call is a line on standard error. */
#include <stdio.h>

#include "on_word.h"

#ifdef ON_WORD_LINES
void on_start(void)
{
    fprintf(stderr, "start\n");
}

void on_word(const char *word, uint8_t score, uint32_t time_ms)
{
    fprintf(stderr, "word %s %d %u %d\n", word, score, (unsigned)time_ms, kws_app_is_testing());
}

void on_every_inference(const uint8_t *scores, uint32_t time_ms)
{
    fprintf(stderr, "scores %u", (unsigned)time_ms);
    for (int i = 0; i < KWS_N_LABELS; ++i) {
        fprintf(stderr, " %d", scores[i]);
    }
    fprintf(stderr, "\n");
}

void on_sound_lost(uint32_t blocks)
{
    fprintf(stderr, "lost %u\n", (unsigned)blocks);
}
#endif
