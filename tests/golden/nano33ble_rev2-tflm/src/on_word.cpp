/* SPDX-License-Identifier: Apache-2.0 */
/* This file is yours: what the board does with what it hears. tinykws wrote it once and leaves it alone from now on. To begin
 * again, delete it and run `tinykws generate`. What each function may do: on_word.h.
 */
#include <Arduino.h>
#include <string.h>

#include "on_word.h"

#define LIT_MS 1000u

static bool is_lit;
static uint32_t lit_at_ms;

void on_word(const char *word, uint8_t score, uint32_t time_ms)
{
    (void)score; /* 0 to 255, above the word's threshold */
    if (strcmp(word, "yes") == 0) {
        kws_port_led(0, 32, 0); /* green, where the LED has colours */
    }
    is_lit = true;
    lit_at_ms = time_ms;
}

void on_every_inference(const uint8_t *scores, uint32_t time_ms)
{
    (void)scores; /* [KWS_N_LABELS], in the order of kws_labels: to draw a meter */
    if (is_lit && time_ms - lit_at_ms >= LIT_MS) {
        kws_port_led(0, 0, 0);
        is_lit = false;
    }
}

void on_sound_lost(uint32_t blocks)
{
    (void)blocks; /* something took too long, so the board heard nothing for that while */
}
