/* SPDX-License-Identifier: Apache-2.0 */
/* The microphone functions of kws_port.h for machines without a microphone: all sound comes over the serial port. */
#include "kws_port.h"

size_t kws_port_microphone_read(int16_t *samples, size_t capacity)
{
    (void)samples;
    (void)capacity;
    return 0;
}

size_t kws_port_microphone_waiting(void)
{
    return 0;
}

uint32_t kws_port_microphone_overruns(void)
{
    return 0;
}

uint32_t kws_port_microphone_clipped(void)
{
    return 0;
}

int32_t kws_port_microphone_offset(void)
{
    return 0;
}
