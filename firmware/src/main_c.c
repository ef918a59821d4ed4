/* SPDX-License-Identifier: Apache-2.0 */
/* The entry point without a framework: the host process and the emulated machines. */
#include "kws_app.h"

int main(void)
{
    kws_app_start();
    for (;;) {
        kws_app_poll();
    }
}
