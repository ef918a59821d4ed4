/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_user.h"

#include <stddef.h>

#include "kws_report.h"
#include "on_word.h"

#ifndef KWS_WATCHDOG_SECONDS
#define KWS_WATCHDOG_SECONDS 8
#endif

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* Written by the main loop, read by the watchdog; each fits one access. A call's number tells it from the one before. */
static const char *volatile running;
static volatile uint32_t calls;

/* The watchdog's. */
static uint32_t watched_call;
static uint32_t seconds;

static void begin(const char *function)
{
    calls = calls + 1;
    running = function;
}

static void end(void)
{
    running = NULL;
}

void kws_user_on_start(void)
{
    begin("on_start");
    on_start();
    end();
}

void kws_user_on_detection(const kws_detection *detection)
{
    begin("on_word");
    on_word(kws_labels[detection->label], detection->score, detection->time_ms);
    end();
}

void kws_user_on_levels(uint32_t time_ms, const uint8_t *levels)
{
    begin("on_every_inference");
    on_every_inference(levels, time_ms);
    end();
}

void kws_user_on_sound_lost(uint32_t blocks)
{
    begin("on_sound_lost");
    on_sound_lost(blocks);
    end();
}

void kws_user_watch(void)
{
    const char *function = running;
    const uint32_t call = calls;
    if (function == NULL || call != watched_call) {
        watched_call = call;
        seconds = 0;
        return;
    }
    seconds = (seconds + 1) % KWS_WATCHDOG_SECONDS;
    if (seconds == 0) {
        kws_report_error(function, "has not returned for " TEXT(KWS_WATCHDOG_SECONDS) " s: nothing is heard meanwhile");
    }
}
