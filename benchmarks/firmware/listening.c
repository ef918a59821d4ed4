/* SPDX-License-Identifier: Apache-2.0 */
/* The least product, for its size: samples from a port; each word heard goes out as one byte. */
#include "listening.h"

static void tell_detection(void *context, const kws_detection *detection)
{
    (void)context;
    MACHINE_PORT = (uint8_t)detection->label;
}

static const kws_listener_config config = LISTENING_CONFIG(NULL, tell_detection);

int main(void)
{
    kws_listener_init(&listener, &config, kws_model_input(), memory);
    for (;;) {
        const int16_t sample = (int16_t)MACHINE_PORT;
        kws_listener_feed(&listener, &sample, 1);
    }
}
