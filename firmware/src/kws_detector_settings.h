/* SPDX-License-Identifier: Apache-2.0 */
/* The generated kws_settings.h as kws_listener.h takes it, and how much memory a listener with it wants.
 *
 * For one C file of a program: it defines constants.
 */
#ifndef KWS_DETECTOR_SETTINGS_H
#define KWS_DETECTOR_SETTINGS_H

#include "kws_listener.h"
#include "kws_settings.h"

#define KWS_HISTORY KWS_DETECTOR_HISTORY(KWS_AVERAGE_WINDOW_MS, KWS_INFERENCE_STRIDE *KWS_STRIDE_MS)
#define KWS_WINDOW_SAMPLES (KWS_WINDOW_MS * KWS_SAMPLE_RATE_HZ / 1000)

/* 32-bit words of memory that kws_listener_init() wants. */
#define KWS_LISTENER_WORDS KWS_LISTENER_MEMORY_WORDS(KWS_WINDOW_SAMPLES, KWS_N_MELS, KWS_HISTORY, KWS_N_LABELS)

static const uint8_t kws_thresholds[KWS_N_LABELS] = KWS_THRESHOLDS;

#ifdef KWS_FILTER_TAPS
static const int8_t kws_filter_weights[KWS_FILTER_ROWS * KWS_FILTER_TAPS] = KWS_FILTER_WEIGHTS;
static const kws_score_filter kws_filter = {
    .weights = kws_filter_weights,
    .bias = KWS_FILTER_BIAS,
    .taps = KWS_FILTER_TAPS,
    .shift = KWS_FILTER_SHIFT,
};
#define KWS_FILTER &kws_filter
#else
#define KWS_FILTER NULL
#endif

#ifdef KWS_GRAMMAR
static const kws_grammar_rule kws_grammar[] = KWS_GRAMMAR;
#define KWS_RULES kws_grammar
#define KWS_N_RULES (sizeof kws_grammar / sizeof kws_grammar[0])
#else
#define KWS_RULES NULL
#define KWS_N_RULES 0
#endif

#ifdef KWS_GATE_RATIO
#define KWS_GATE kws_sleep_while_quiet
#else
#define KWS_GATE_RATIO 0
#define KWS_GATE NULL
#endif

/* What settings decide of a kws_listener_config, as designated initialisers. */
#define KWS_LISTENER_SETTINGS \
    .frontend = &kws_frontend_default, \
    .detector = \
        { \
            .n_labels = KWS_N_LABELS, \
            .history = KWS_HISTORY, \
            .average_window_ms = KWS_AVERAGE_WINDOW_MS, \
            .minimum_count = KWS_MINIMUM_COUNT, \
            .suppression_ms = KWS_SUPPRESSION_MS, \
            .thresholds = kws_thresholds, \
            .filter = KWS_FILTER, \
            .rule = KWS_DETECTOR_RULE, \
            .grammar = KWS_RULES, \
            .n_grammar = KWS_N_RULES, \
        }, \
    .n_frames = KWS_N_FRAMES, .inference_stride = KWS_INFERENCE_STRIDE, .gate_ratio = KWS_GATE_RATIO, .gate = KWS_GATE

#endif
