/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what this target computes for the golden sound, and whether it is what the host computed. */
#include <inttypes.h>
#include <stdio.h>

#include "sdkconfig.h"
#include "tinykws.h"
#ifdef CONFIG_IDF_TARGET_LINUX
#include <stdlib.h>
#endif

static uint8_t memory[TINYKWS_MEMORY_BYTES];

void app_main(void)
{
    tinykws_golden golden = {0};
    const char *differs = tinykws_self_test(memory, sizeof memory, &golden);
    printf("identity %s\nfeatures 0x%08" PRIx32 "\nscores", tinykws_identity(), golden.features_crc32);
    for (int i = 0; i < TINYKWS_N_LABELS; ++i) {
        printf(" %d", golden.scores[i]);
    }
    printf("\nself-test: %s\n", differs == NULL ? "ok" : differs);
#ifdef CONFIG_IDF_TARGET_LINUX
    exit(differs == NULL ? 0 : 1);
#endif
}
