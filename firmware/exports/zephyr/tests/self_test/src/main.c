/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what this target computes for the golden sound, and whether it is what the host computed. */
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "tinykws.h"

static uint8_t memory[TINYKWS_MEMORY_BYTES];

int main(void)
{
    tinykws_golden golden = {0};
    const char *differs = tinykws_self_test(memory, sizeof memory, &golden);
    printk("identity %s\nfeatures 0x%08x\nscores", tinykws_identity(), (unsigned)golden.features_crc32);
    for (int i = 0; i < TINYKWS_N_LABELS; ++i) {
        printk(" %d", golden.scores[i]);
    }
    printk("\nself-test: %s\n", differs == NULL ? "ok" : differs);
    return 0;
}
