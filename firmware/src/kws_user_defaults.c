/* SPDX-License-Identifier: Apache-2.0 */
/* The user's functions do nothing where the user's file leaves them out; those in the file win. */
#include "on_word.h"

__attribute__((weak)) void on_word(const char *word, uint8_t score, uint32_t time_ms)
{
    (void)word;
    (void)score;
    (void)time_ms;
}

__attribute__((weak)) void on_start(void)
{
}

__attribute__((weak)) void on_every_inference(const uint8_t *scores, uint32_t time_ms)
{
    (void)scores;
    (void)time_ms;
}

__attribute__((weak)) void on_sound_lost(uint32_t blocks)
{
    (void)blocks;
}
