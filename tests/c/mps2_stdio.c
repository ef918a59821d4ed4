/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output and files of this computer for bare programs on QEMU's mps2-an386, through newlib's semihosting
 * (--specs=rdimon.specs) and the product's own start-up code; no interrupts. */
#include <stddef.h>

#include "kws_mps2.h"

void initialise_monitor_handles(void);
void *_sbrk(ptrdiff_t increment);

extern char end[]; /* the linker script's: where variables end */

__attribute__((constructor)) static void open_console(void)
{
    initialise_monitor_handles();
}

/* newlib's own wants the stack above the heap. */
void *_sbrk(ptrdiff_t increment)
{
    static char *heap_end = end;
    char *const block = heap_end;
    heap_end += increment;
    return block;
}

void kws_uart0_rx_handler(void)
{
}

void kws_timer0_handler(void)
{
}
