/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a sketch until its first delay. */
#include <stdlib.h>

#include "Arduino.h"

SerialPort Serial;

void delay(unsigned long)
{
    fflush(stdout);
    exit(0);
}

int main()
{
    setup();
    for (;;) {
        loop();
    }
}
