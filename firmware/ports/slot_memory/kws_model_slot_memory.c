/* SPDX-License-Identifier: Apache-2.0 */
/* A model slot that the processor reads like any memory: flash of an nRF52, memory of an emulated machine. */
#include "kws_model_slot.h"
#include "kws_settings.h"

const uint8_t *kws_model_slot_read(size_t *bytes)
{
    *bytes = KWS_MODEL_SLOT_BYTES;
    return (const uint8_t *)KWS_MODEL_SLOT_ADDRESS;
}
