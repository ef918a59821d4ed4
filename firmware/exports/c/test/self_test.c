/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what the library computes for the golden sound, and whether it is what the host computed. Exit code 0: it is;
 * 1: it is not; 77: the model has no golden scores. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tinykws.h"

static uint8_t memory[TINYKWS_MEMORY_BYTES];

int main(void)
{
    tinykws_golden golden;
    const char *differs;
    memset(&golden, 0, sizeof golden);
    differs = tinykws_self_test(memory, sizeof memory, &golden);
    printf("tinykws %s, identity %s\n", tinykws_version(), tinykws_identity());
    printf("features 0x%08" PRIx32 "\nscores", golden.features_crc32);
    for (int i = 0; i < TINYKWS_N_LABELS; ++i) {
        printf(" %d", golden.scores[i]);
    }
    printf("\nself-test: %s\n", differs == NULL ? "ok" : differs);
    if (differs != NULL && strcmp(differs, "none") == 0) {
        return 77;
    }
    return differs == NULL ? 0 : 1;
}
