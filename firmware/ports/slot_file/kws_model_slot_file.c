/* SPDX-License-Identifier: Apache-2.0 */
/* The model slot of a program on a computer: the file that the environment variable KWS_MODEL_SLOT names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_model_slot.h"
#include "kws_settings.h"

const uint8_t *kws_model_slot_read(size_t *bytes)
{
    static uint32_t slot[(KWS_MODEL_SLOT_BYTES + 31) / 4];
    uint8_t *aligned = (uint8_t *)(((uintptr_t)slot + 15) / 16 * 16);
    const char *name = getenv("KWS_MODEL_SLOT");
    FILE *file = name == NULL ? NULL : fopen(name, "rb");
    memset(aligned, 0xff, KWS_MODEL_SLOT_BYTES); /* as erased flash */
    if (file != NULL) {
        if (fread(aligned, 1, KWS_MODEL_SLOT_BYTES, file) == 0) {
            fprintf(stderr, "KWS_MODEL_SLOT: %s is empty\n", name);
        }
        fclose(file);
    }
    *bytes = KWS_MODEL_SLOT_BYTES;
    return aligned;
}
