/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_loaded_model.h"

#include <string.h>

#include "kws_engine.h"
#include "kws_model_image.h"
#include "kws_model_slot.h"

#define REFUSAL_CHARACTERS 192

static kws_model_image image;
static kws_model in_use;
static kws_model_image_state state;
static size_t slot_bytes;
static uint16_t history;
static char built_in_identity[sizeof KWS_SETTINGS_IDENTITY + 1 + KWS_ENGINE_HASH_DIGITS];
static char refusal[REFUSAL_CHARACTERS]; /* a copy: the engine's words are overwritten by its next start */

static void name_built_in_model(void)
{
    strcpy(built_in_identity, KWS_SETTINGS_IDENTITY "-");
    strcat(built_in_identity, kws_engine_built_in_hash());
}

static void refuse(const char *why)
{
    state = KWS_MODEL_IMAGE_REFUSED;
    strncpy(refusal, why, sizeof refusal - 1);
}

static void read_slot(void)
{
    const kws_model_image_limits limits = {
        .board = KWS_BOARD,
        .built_in_identity = built_in_identity,
        .arena_bytes = KWS_ARENA_BYTES,
        .n_labels = KWS_N_LABELS,
        .stride_ms = KWS_STRIDE_MS,
        .history = history,
    };
    const char *why;
    const uint8_t *slot = kws_model_slot_read(&slot_bytes);
    state = kws_model_image_read(slot, slot_bytes, &limits, &image, &why);
    if (state == KWS_MODEL_IMAGE_REFUSED) {
        refuse(why);
    }
}

static void use_image(kws_listener_config *config)
{
    const char *label = image.labels;
    for (int i = 0; i < KWS_N_LABELS; ++i) {
        kws_labels[i] = label;
        label += strlen(label) + 1;
    }
    config->detector = image.detector;
    config->inference_stride = image.inference_stride;
    config->gate_ratio = image.gate_ratio;
    config->gate = image.gate_ratio == 0 ? NULL : kws_sleep_while_quiet;
    in_use.settings_identity = image.settings_identity;
    in_use.golden_seed = image.golden_seed;
    in_use.golden_features_crc = image.golden_features_crc;
    in_use.golden_scores = image.golden_scores;
}

const char *kws_loaded_model_start(kws_listener_config *config)
{
    in_use = kws_built_in_model;
    history = config->detector.history;
    name_built_in_model();
    read_slot();
    if (state == KWS_MODEL_IMAGE_GOOD) {
        const char *why = kws_engine_init_with(image.model, image.model_bytes);
        if (why == NULL) {
            use_image(config);
            return NULL;
        }
        refuse(why);
    }
    return kws_engine_init();
}

const kws_model *kws_model_in_use(void)
{
    return &in_use;
}

const char *kws_loaded_model_slot_state(void)
{
    switch (state) {
    case KWS_MODEL_IMAGE_GOOD:
        return "in_use";
    case KWS_MODEL_IMAGE_OLD:
        return "outdated";
    case KWS_MODEL_IMAGE_REFUSED:
        return "refused";
    case KWS_MODEL_IMAGE_NONE:
        break;
    }
    return "empty";
}

const char *kws_loaded_model_refusal(void)
{
    return state == KWS_MODEL_IMAGE_REFUSED ? refusal : NULL;
}

const char *kws_loaded_model_built_in_identity(void)
{
    return built_in_identity;
}

uint32_t kws_loaded_model_history(void)
{
    return history;
}

uint32_t kws_loaded_model_slot_bytes(void)
{
    return (uint32_t)slot_bytes;
}
