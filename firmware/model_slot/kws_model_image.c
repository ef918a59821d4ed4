/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_model_image.h"

#include <stdbool.h>
#include <string.h>

#include "kws_crc32.h"
#include "kws_gate.h"

/* Offsets in the header; the header's manual says what is there. */
enum {
    VERSION = 4,
    HEADER_BYTES = 8,
    IMAGE_BYTES = 12,
    BODY_CRC = 16,
    MODEL = 20,
    MODEL_BYTES = 24,
    ARENA_BYTES = 28,
    LABELS = 32,
    LABELS_BYTES = 36,
    N_LABELS = 40,
    RULE = 44,
    AVERAGE_WINDOW_MS = 48,
    MINIMUM_COUNT = 52,
    SUPPRESSION_MS = 56,
    INFERENCE_STRIDE = 60,
    GATE_RATIO = 64,
    THRESHOLDS = 68,
    TAPS = 72,
    WEIGHTS = 76,
    BIAS = 80,
    SHIFT = 84,
    N_GRAMMAR = 88,
    GRAMMAR = 92,
    HAS_GOLDEN = 96,
    GOLDEN_SEED = 100,
    GOLDEN_FEATURES_CRC = 104,
    GOLDEN_SCORES = 108,
    BOARD = 120,
    BUILT_IN = 188,
    SETTINGS = 224,
    HEADER_CRC = 252,
};
#define BOARD_BYTES (BUILT_IN - BOARD)
#define BUILT_IN_BYTES (SETTINGS - BUILT_IN)
#define SETTINGS_BYTES (HEADER_CRC - SETTINGS)

#define IDENTITY_DIGITS 8 /* of each of its hashes */
#define RULE_BYTES 8
#define FIRST_GATE_RATIO 257u /* louder than the noise at all */

/* The grammar is read in place. */
typedef char kws_rules_are_not_read_in_place[sizeof(kws_grammar_rule) == RULE_BYTES ? 1 : -1];

/* An image whose length was checked. */
typedef struct {
    const uint8_t *bytes;
    uint32_t count;
} whole;

static uint32_t number(const uint8_t *image, size_t at)
{
    const uint8_t *bytes = image + at;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool is_in(uint32_t value, uint32_t low, uint32_t high)
{
    return value >= low && value <= high;
}

/* Whether `count` bytes from an offset on are in the image, after its header. No sum here can wrap. */
static bool has(const whole *image, uint32_t offset, uint32_t count)
{
    return is_in(offset, KWS_MODEL_IMAGE_HEADER_BYTES, image->count) && count <= image->count - offset;
}

/* Whether a text of the header is `expected`; one that does not end is not. */
static bool is_text(const uint8_t *text, size_t capacity, const char *expected)
{
    const size_t length = strlen(expected);
    return length < capacity && memcmp(text, expected, length + 1) == 0;
}

static bool is_erased(const uint8_t *slot)
{
    for (size_t i = 0; i < KWS_MODEL_IMAGE_HEADER_BYTES; ++i) {
        if (slot[i] != slot[0] || (slot[i] != 0xff && slot[i] != 0)) {
            return false;
        }
    }
    return true;
}

/* Returns NULL if the header is what was written, otherwise what is wrong. */
static const char *check_header(const uint8_t *slot, size_t slot_bytes)
{
    if (memcmp(slot, "KWSM", 4) != 0) {
        return "the model slot holds something else than a model image";
    }
    if (number(slot, VERSION) != KWS_MODEL_IMAGE_VERSION ||
        number(slot, HEADER_BYTES) != KWS_MODEL_IMAGE_HEADER_BYTES) {
        return "the model image has another version than this firmware reads";
    }
    if (number(slot, HEADER_CRC) != kws_crc32(0, slot, HEADER_CRC)) {
        return "the model image is damaged: the CRC of its header is wrong";
    }
    if (!is_in(number(slot, IMAGE_BYTES), KWS_MODEL_IMAGE_HEADER_BYTES, (uint32_t)slot_bytes)) {
        return "the model image says that it is larger than its slot";
    }
    return NULL;
}

static const char *check_body(const whole *image)
{
    const uint8_t *body = image->bytes + KWS_MODEL_IMAGE_HEADER_BYTES;
    const uint32_t crc = kws_crc32(0, body, image->count - KWS_MODEL_IMAGE_HEADER_BYTES);
    return crc == number(image->bytes, BODY_CRC) ? NULL : "the model image is damaged or was not written to its end";
}

/* Labels as the serial protocol has them: it prints them. */
static bool are_labels(const uint8_t *text, uint32_t bytes, uint32_t count)
{
    uint32_t length = 0;
    for (uint32_t i = 0; i < bytes; ++i) {
        const uint8_t c = text[i];
        if (c == 0) {
            if (length == 0 || length > KWS_MODEL_LABEL_CHARACTERS || count == 0) {
                return false;
            }
            --count;
            length = 0;
        } else if (is_in(c, 'a', 'z') || is_in(c, '0', '9') || c == '_') {
            ++length;
        } else {
            return false;
        }
    }
    return count == 0 && length == 0;
}

static const char *check_fit(const whole *image, const kws_model_image_limits *limits)
{
    const uint8_t *header = image->bytes;
    if (memcmp(header + SETTINGS, limits->built_in_identity, IDENTITY_DIGITS) != 0) {
        return "the model is for another front-end";
    }
    if (number(header, N_LABELS) != limits->n_labels) {
        return "the model has another number of labels";
    }
    if (number(header, ARENA_BYTES) > limits->arena_bytes) {
        return "the model needs a larger tensor arena than this firmware has";
    }
    return NULL;
}

static const char *take_model(const whole *image, kws_model_image *taken)
{
    const uint32_t at = number(image->bytes, MODEL);
    taken->model_bytes = number(image->bytes, MODEL_BYTES);
    if (at % KWS_MODEL_IMAGE_ALIGNMENT != 0 || taken->model_bytes == 0 ||
        !has(image, at, (uint32_t)taken->model_bytes)) {
        return "the model image is wrong: its model is not inside";
    }
    taken->model = image->bytes + at;
    return NULL;
}

static const char *take_labels(const whole *image, uint32_t n_labels, kws_model_image *taken)
{
    const uint32_t at = number(image->bytes, LABELS);
    const uint32_t bytes = number(image->bytes, LABELS_BYTES);
    if (!has(image, at, bytes) || !are_labels(image->bytes + at, bytes, n_labels)) {
        return "the model image is wrong: its labels";
    }
    if (image->bytes[SETTINGS + SETTINGS_BYTES - 1] != 0) {
        return "the model image is wrong: its identity";
    }
    taken->labels = (const char *)image->bytes + at;
    taken->settings_identity = (const char *)image->bytes + SETTINGS;
    return NULL;
}

static bool take_filter(const whole *image, kws_model_image *taken, uint32_t history)
{
    const uint8_t *header = image->bytes;
    const uint32_t taps = number(header, TAPS);
    const uint32_t at = number(header, WEIGHTS);
    const int32_t bias = (int32_t)number(header, BIAS);
    if (!is_in(taps, 1, history) || !has(image, at, KWS_FILTER_ROWS * taps) ||
        number(header, SHIFT) > KWS_MAX_FILTER_SHIFT || bias > KWS_MAX_FILTER_BIAS || bias < -KWS_MAX_FILTER_BIAS) {
        return false;
    }
    taken->filter.weights = (const int8_t *)header + at;
    taken->filter.bias = bias;
    taken->filter.taps = (uint16_t)taps;
    taken->filter.shift = (uint8_t)number(header, SHIFT);
    taken->detector.filter = &taken->filter;
    taken->detector.rule = kws_temporal_filter;
    return true;
}

static bool take_rule(const whole *image, kws_model_image *taken, uint32_t history)
{
    switch (number(image->bytes, RULE)) {
    case 0:
        taken->detector.rule = kws_recognize_commands;
        return true;
    case 1:
        return take_filter(image, taken, history);
    default:
        return false;
    }
}

static bool take_grammar(const whole *image, kws_detector_config *detector)
{
    const uint32_t count = number(image->bytes, N_GRAMMAR);
    const uint32_t at = number(image->bytes, GRAMMAR);
    if (count > KWS_MAX_GRAMMAR_RULES || at % sizeof(uint32_t) != 0 || !has(image, at, count * RULE_BYTES)) {
        return false;
    }
    const kws_grammar_rule *rules = (const kws_grammar_rule *)(const void *)(image->bytes + at);
    for (uint32_t i = 0; i < count; ++i) {
        if (!is_in(rules[i].word, KWS_FIRST_WORD_LABEL, detector->n_labels - 1u) ||
            !is_in(rules[i].after, KWS_FIRST_WORD_LABEL, detector->n_labels - 1u) ||
            rules[i].window_ms > KWS_MAX_GRAMMAR_MS) {
            return false;
        }
    }
    detector->grammar = count == 0 ? NULL : rules;
    detector->n_grammar = (uint16_t)count;
    return true;
}

static const char *take_detector(const whole *image, const kws_model_image_limits *limits, kws_model_image *taken)
{
    static const char wrong[] = "the model image is wrong: its detector";
    const uint8_t *header = image->bytes;
    const uint32_t stride = number(header, INFERENCE_STRIDE);
    const uint32_t window_ms = number(header, AVERAGE_WINDOW_MS);
    const uint32_t gate_ratio = number(header, GATE_RATIO);
    if (!is_in(stride, 1, KWS_MAX_AVERAGE_WINDOW_MS / limits->stride_ms) ||
        !is_in(window_ms, stride * limits->stride_ms, KWS_MAX_AVERAGE_WINDOW_MS) ||
        !is_in(number(header, MINIMUM_COUNT), 1, KWS_MAX_MINIMUM_COUNT) ||
        number(header, SUPPRESSION_MS) > KWS_MAX_SUPPRESSION_MS ||
        !has(image, number(header, THRESHOLDS), limits->n_labels) ||
        (gate_ratio != 0 && !is_in(gate_ratio, FIRST_GATE_RATIO, KWS_MAX_GATE_RATIO))) {
        return wrong;
    }
    const uint32_t history = KWS_DETECTOR_HISTORY(window_ms, stride * limits->stride_ms);
    if (history > limits->history) {
        return "the detector keeps more scores than this firmware has memory for";
    }
    taken->inference_stride = (uint16_t)stride;
    taken->gate_ratio = (uint16_t)gate_ratio;
    taken->detector.n_labels = limits->n_labels;
    taken->detector.history = (uint16_t)history;
    taken->detector.average_window_ms = (uint16_t)window_ms;
    taken->detector.minimum_count = (uint16_t)number(header, MINIMUM_COUNT);
    taken->detector.suppression_ms = number(header, SUPPRESSION_MS);
    taken->detector.thresholds = header + number(header, THRESHOLDS);
    return take_rule(image, taken, history) && take_grammar(image, &taken->detector) ? NULL : wrong;
}

static const char *take_golden(const whole *image, uint32_t n_labels, kws_model_image *taken)
{
    const uint8_t *header = image->bytes;
    const uint32_t at = number(header, GOLDEN_SCORES);
    if (number(header, HAS_GOLDEN) == 0) {
        return NULL;
    }
    if (!has(image, at, n_labels)) {
        return "the model image is wrong: its golden clip";
    }
    taken->golden_seed = number(header, GOLDEN_SEED);
    taken->golden_features_crc = number(header, GOLDEN_FEATURES_CRC);
    taken->golden_scores = (const int8_t *)header + at;
    return NULL;
}

static const char *take_all(const whole *image, const kws_model_image_limits *limits, kws_model_image *taken)
{
    const char *why = check_fit(image, limits);
    why = why != NULL ? why : take_model(image, taken);
    why = why != NULL ? why : take_labels(image, limits->n_labels, taken);
    why = why != NULL ? why : take_detector(image, limits, taken);
    return why != NULL ? why : take_golden(image, limits->n_labels, taken);
}

kws_model_image_state kws_model_image_read(const uint8_t *slot, size_t slot_bytes, const kws_model_image_limits *limits,
                                           kws_model_image *image, const char **why)
{
    memset(image, 0, sizeof *image);
    *why = NULL;
    if (slot == NULL || slot_bytes < KWS_MODEL_IMAGE_HEADER_BYTES || is_erased(slot)) {
        return KWS_MODEL_IMAGE_NONE;
    }
    *why = check_header(slot, slot_bytes);
    if (*why != NULL) {
        return KWS_MODEL_IMAGE_REFUSED;
    }
    const whole checked = {slot, number(slot, IMAGE_BYTES)};
    *why = check_body(&checked);
    if (*why == NULL && !is_text(slot + BOARD, BOARD_BYTES, limits->board)) {
        *why = "the model image is for another board";
    }
    if (*why == NULL && !is_text(slot + BUILT_IN, BUILT_IN_BYTES, limits->built_in_identity)) {
        return KWS_MODEL_IMAGE_OLD;
    }
    if (*why == NULL) {
        *why = take_all(&checked, limits, image);
    }
    return *why == NULL ? KWS_MODEL_IMAGE_GOOD : KWS_MODEL_IMAGE_REFUSED;
}
