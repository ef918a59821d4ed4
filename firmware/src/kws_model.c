/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_model.h"

#ifdef KWS_SELF_TEST_SEED
static const int8_t golden_scores[KWS_N_LABELS] = KWS_SELF_TEST_SCORES;
#endif

const kws_model kws_built_in_model = {
    .settings_identity = KWS_SETTINGS_IDENTITY,
#ifdef KWS_SELF_TEST_SEED
    .golden_seed = KWS_SELF_TEST_SEED,
    .golden_features_crc = KWS_SELF_TEST_FEATURES_CRC,
    .golden_scores = golden_scores,
#endif
};
