/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of two of the host port's functions (-Wl,--wrap): a microphone that has lost another block whenever its
 * counter is read, and has 7 samples more that were too loud. */
#include <stdint.h>

uint32_t __wrap_kws_port_microphone_overruns(void);
uint32_t __wrap_kws_port_microphone_clipped(void);

uint32_t __wrap_kws_port_microphone_overruns(void)
{
    static uint32_t reads;
    return ++reads;
}

uint32_t __wrap_kws_port_microphone_clipped(void)
{
    static uint32_t clipped;
    return clipped += 7;
}
