/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_tflm_messages.h"

#include <string.h>

#include "kws_report.h"

/* As TFLM's arena allocators have ended their messages since 2021. */
static const char missing[] = "missing: ";

static char line[KWS_TFLM_MESSAGE_CHARACTERS + 1];
static size_t length;
static char cause[KWS_TFLM_MESSAGE_CHARACTERS + 1];
static bool telling;

void kws_tflm_messages_begin(bool tell)
{
    telling = tell;
    length = 0;
    cause[0] = '\0';
}

static void end_line(void)
{
    if (length == 0) {
        return;
    }
    line[length] = '\0';
    length = 0;
    if (cause[0] == '\0') {
        memcpy(cause, line, sizeof cause);
    }
    if (telling) {
        kws_report_error("tflm", line);
    }
}

void kws_tflm_messages_put(const char *text)
{
    for (; *text != '\0'; ++text) {
        if (*text == '\n' || *text == '\r') {
            end_line();
        } else if (length < KWS_TFLM_MESSAGE_CHARACTERS) {
            line[length++] = *text >= ' ' && *text <= '~' ? *text : '?';
        }
    }
}

const char *kws_tflm_messages_cause(void)
{
    return cause;
}

uint32_t kws_tflm_messages_missing_bytes(void)
{
    const char *digit = strstr(cause, missing);
    uint32_t bytes = 0;
    if (digit == NULL) {
        return 0;
    }
    for (digit += strlen(missing); *digit >= '0' && *digit <= '9'; ++digit) {
        bytes = bytes * 10 + (uint32_t)(*digit - '0');
    }
    return bytes;
}
