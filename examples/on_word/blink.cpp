/* SPDX-License-Identifier: Apache-2.0 */
/* Blinks: once for the first word, twice for the second, and so on. Any board whose row in boards.yaml has an LED. */
#include <string.h>

#include "on_word.h"

#define HALF_MS 200u

static uint32_t halves_left; /* of a blink: on, off */
static uint32_t last_ms;

static uint32_t number_of(const char *word)
{
    uint32_t number = 1;
    for (int i = KWS_FIRST_WORD; i < KWS_N_LABELS && strcmp(kws_labels[i], word) != 0; ++i) {
        ++number;
    }
    return number;
}

static void show(void)
{
    const uint8_t level = halves_left % 2 == 0 ? 0 : 32;
    kws_port_led(level, level, level);
}

void on_word(const char *word, uint8_t score, uint32_t time_ms)
{
    (void)score;
    halves_left = 2 * number_of(word) - 1;
    last_ms = time_ms;
    show();
}

/* No delay() in here: it would stop the board from hearing. */
void on_every_inference(const uint8_t *scores, uint32_t time_ms)
{
    (void)scores;
    if (halves_left > 0 && time_ms - last_ms >= HALF_MS) {
        --halves_left;
        last_ms = time_ms;
        show();
    }
}
