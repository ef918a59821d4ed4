/* SPDX-License-Identifier: Apache-2.0 */
/* From scores to detections: averages the model's scores over a smoothing window and decides when a keyword was heard.
 *
 * There are three rules. The linker keeps only the rule that a program's configuration names.
 *
 * kws_recognize_commands is that of RecognizeCommands in TFLite Micro's micro_speech: the label with the highest
 * average is new if its average is above its threshold and it differs from the last label, or if suppression_ms have
 * passed since then. Silence and unknown change this state like keywords, but only keywords are reported. One thing
 * differs: upstream drops the newest scores once 50 are in the smoothing window; here the window holds as many as the
 * caller gives memory for.
 *
 * kws_temporal_filter looks at keywords only, and at the history of their scores. A keyword said to the device comes
 * between two pauses, and its label is likely for as long as it is in the model input; a similar word occurs in mid-
 * sentence. The log-odds of the keyword, of silence and of unknown speech are multiplied by weights that depend on their
 * age, with separate weights above and below even odds, and summed (logistic regression over the history). The keyword is
 * detected when the sum is above its threshold. After a detection there is no other for suppression_ms, and none of the
 * same keyword until its sum has been below its threshold.
 *
 * kws_sliding_mean is the rule of ESPHome's micro_wake_word, for a model of one keyword that keeps state: the keyword is
 * detected when the sum of its last minimum_count scores is above as many thresholds. After a reset and after a detection
 * the scores are 0, and nothing is detected until the score was below the threshold for suppression_ms altogether. Each
 * score counts until the next one; of the newest only the frame that it came with counts. One thing differs: upstream asks
 * again after each frame until that time is over, so it may detect a keyword up to a stride earlier.
 *
 * Under all, a grammar may make keywords deaf: they are detected only for a while after another one. A deaf keyword changes
 * nothing, as if its score were not above its threshold.
 */
#ifndef KWS_DETECTOR_H
#define KWS_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_SILENCE_LABEL 0u
#define KWS_UNKNOWN_LABEL 1u
#define KWS_FIRST_WORD_LABEL 2u

/* Limits of a configuration: sums of scores, and of weights times evidence, fit their integers by far. */
#define KWS_MAX_LABELS 128
#define KWS_MAX_AVERAGE_WINDOW_MS 5000
#define KWS_MAX_MINIMUM_COUNT 1001
#define KWS_MAX_SUPPRESSION_MS 3600000
#define KWS_MAX_FILTER_BIAS 1073741824
#define KWS_MAX_FILTER_SHIFT 15
#define KWS_MAX_GRAMMAR_MS 60000
#define KWS_MAX_GRAMMAR_RULES 1024

typedef struct {
    uint32_t time_ms;
    uint16_t label;
    uint8_t score; /* 0 to 255: the smoothing window's average (kws_sliding_mean: rounded up), or the filter's sum */
} kws_detection;

typedef struct kws_detector kws_detector;

/* Returns whether a keyword is detected now, and fills *detection if so. Called after each step's scores were summed. */
typedef bool (*kws_detector_rule)(kws_detector *detector, uint32_t time_ms, kws_detection *detection);

bool kws_recognize_commands(kws_detector *detector, uint32_t time_ms, kws_detection *detection);
bool kws_temporal_filter(kws_detector *detector, uint32_t time_ms, kws_detection *detection);
bool kws_sliding_mean(kws_detector *detector, uint32_t time_ms, kws_detection *detection);

/* Rows of a filter's weights: three labels, below and above even odds. */
#define KWS_FILTER_ROWS 6

/* The weights of kws_temporal_filter. */
typedef struct {
    /* [KWS_FILTER_ROWS, taps] = [3, 2, taps], newest score first: for the keyword, for silence and for unknown speech, the
     * weights of scores below even odds, then of those above. */
    const int8_t *weights;
    int32_t bias;
    uint16_t taps; /* scores that it looks at: those in the smoothing window at a regular pace */
    uint8_t shift; /* the sum of bias and weights * evidence in 16ths of a bit is divided by 2^shift */
} kws_score_filter;

/* `word` is detected up to `window_ms` after a detection of `after`. A word without any rule is always detected. */
typedef struct {
    uint16_t word;
    uint16_t after;
    uint32_t window_ms; /* up to KWS_MAX_GRAMMAR_MS */
} kws_grammar_rule;

typedef struct {
    uint16_t n_labels; /* silence, unknown, words */
    uint16_t history;  /* scores kept; enough: KWS_DETECTOR_HISTORY */
    uint16_t average_window_ms;
    uint16_t minimum_count; /* scores in the window before any label counts; kws_sliding_mean: those that it sums */
    uint32_t suppression_ms;
    const uint8_t *thresholds;      /* [n_labels] 0 to 255, above which a label counts */
    const kws_score_filter *filter; /* of kws_temporal_filter; NULL for the other rule */
    kws_detector_rule rule;
    const kws_grammar_rule *grammar; /* [n_grammar]; may be NULL if there are none */
    uint16_t n_grammar;
} kws_detector_config;

struct kws_detector {
    const kws_detector_config *config;
    uint32_t *times_ms; /* [history] ring */
    uint32_t *sums;     /* [n_labels] of scores + 128 in the ring */
    uint32_t *heard_ms; /* [n_labels] when each was detected last */
    int8_t *scores;     /* [history, n_labels] ring */
    uint8_t *levels;    /* [n_labels] */
    uint16_t oldest;
    uint16_t count;
    uint16_t top_label;
    uint32_t top_time_ms;
    uint32_t quiet_ms; /* kws_sliding_mean: how long the score was below the threshold, before the newest one */
    bool was_quiet;    /* kws_sliding_mean: whether the newest score was */
};

/* The most scores in the smoothing window, both ends included. */
#define KWS_DETECTOR_HISTORY(average_window_ms, inference_stride_ms) ((average_window_ms) / (inference_stride_ms) + 1)

/* 32-bit words of memory that kws_detector_init() wants. */
#define KWS_DETECTOR_MEMORY_WORDS(history, n_labels) \
    ((history) + 2 * (size_t)(n_labels) + ((size_t)((history) + 1) * (n_labels) + 3) / 4)

/* Prepares a detector in the caller's memory; both memory and config must outlive it. */
void kws_detector_init(kws_detector *detector, const kws_detector_config *config, uint32_t *memory);

/* Forgets all scores and the last label. */
void kws_detector_reset(kws_detector *detector);

/* Takes the model's scores [n_labels] at a time that never goes back (it may wrap at 2^32 ms). Returns true and fills
 * *detection if a keyword was detected. */
bool kws_detector_step(kws_detector *detector, const int8_t *scores, uint32_t time_ms, kws_detection *detection);

/* Whether the smoothing window holds enough scores; if not, all levels are 0. For the rules. */
bool kws_detector_has_enough(kws_detector *detector, uint32_t time_ms);

/* Forgets the scores in the smoothing window. For the rules. */
void kws_detector_forget(kws_detector *detector);

/* Whether the grammar allows a keyword at a time. For the rules. */
bool kws_detector_hears(const kws_detector *detector, uint16_t label, uint32_t time_ms);

/* What the last step compared with the thresholds: [n_labels], 0 to 255. The average of each label, or the filter's sum of
 * each keyword (0 for silence and unknown); all 0 until there are enough scores. */
const uint8_t *kws_detector_levels(const kws_detector *detector);

#ifdef __cplusplus
}
#endif
#endif
