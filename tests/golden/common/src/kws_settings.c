/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tinykws: the model's labels in output order. */
#include "kws_settings.h"

const char *const kws_labels[KWS_N_LABELS] = {
    "_silence_",
    "_unknown_",
    "yes",
};
