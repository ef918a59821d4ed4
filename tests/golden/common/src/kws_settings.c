/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tinykws: the model's labels in output order. */
#include "kws_settings.h"

#ifdef KWS_MODEL_SLOT_BYTES
#define FIXED /* the model in the slot brings its own */
#else
#define FIXED const
#endif

const char *FIXED kws_labels[KWS_N_LABELS] = {
    "_silence_",
    "_unknown_",
    "yes",
};
