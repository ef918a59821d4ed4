/* SPDX-License-Identifier: Apache-2.0 */
/* What the program knows of the model that it runs, besides the model itself: the built-in one's, or, in a program with a model
 * slot (KWS_MODEL_SLOT_BYTES), that of the model in the slot.
 */
#ifndef KWS_MODEL_H
#define KWS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "kws_settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *settings_identity; /* hashes of front-end, detector and labels */
    uint32_t golden_seed;          /* of the golden clip, which the self-test makes from it, */
    uint32_t golden_features_crc;
    const int8_t *golden_scores; /* [KWS_N_LABELS]; NULL: there is no golden clip */
} kws_model;

extern const kws_model kws_built_in_model;

#ifdef KWS_MODEL_SLOT_BYTES
const kws_model *kws_model_in_use(void);
#else
static inline const kws_model *kws_model_in_use(void)
{
    return &kws_built_in_model;
}
#endif

#ifdef __cplusplus
}
#endif
#endif
