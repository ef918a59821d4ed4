/* SPDX-License-Identifier: Apache-2.0 */
/* The watch over the user's functions: on_word() takes as many of the watchdog's seconds as each argument says. Prints what is
 * reported, and a line after each call. */
#include <stdio.h>
#include <stdlib.h>

#include "kws_report.h"
#include "kws_user.h"
#include "on_word.h"

const char *const kws_labels[KWS_N_LABELS] = {"_silence_", "_unknown_", "hey_robot", "da"};

static int seconds;

void kws_report_error(const char *what, const char *words)
{
    printf("%s %s\n", what, words);
}

void on_word(const char *word, uint8_t score, uint32_t time_ms)
{
    for (int i = 0; i < seconds; ++i) {
        kws_user_watch();
    }
    printf("%s %d %u\n", word, score, (unsigned)time_ms);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; ++i) {
        const kws_detection detection = {.time_ms = (uint32_t)i, .label = 2, .score = 201};
        seconds = atoi(argv[i]);
        kws_user_watch();
        kws_user_on_detection(&detection);
        kws_user_watch();
    }
    return 0;
}
