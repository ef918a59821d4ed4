/* From scores to detections: averages the model's scores over a time and says when a word was heard.
 *
 * There are two rules; a program that names only one in its configuration holds only that one.
 *
 * kws_recognize_commands is that of RecognizeCommands in TFLite Micro's micro_speech: the label with the highest
 * average counts as new when its average is above its threshold and it is another label than the last one, or
 * suppression_ms have gone by since that one. Silence and unknown move this state like words, but only words are
 * reported. One thing differs: upstream forgets the newest scores once 50 are in the window; here the window holds as
 * many as the caller gives memory for.
 *
 * kws_speech_aware looks at words only: a word is heard when its average is above its threshold, which ongoing speech
 * raises. Most false accepts come from people who talk of something else; the unknown label's average over some three
 * seconds before the window tells that they do. After a word nothing is heard for suppression_ms, and that word not
 * before its average has been below its threshold once.
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

typedef struct {
    uint32_t time_ms;
    uint16_t label;
    uint8_t score; /* average over the window, 0 to 255 */
} kws_detection;

typedef struct kws_detector kws_detector;

/* Says whether a word is heard now, and fills *detection if so; called after each step's scores were averaged. */
typedef bool (*kws_detector_rule)(kws_detector *detector, uint32_t time_ms, kws_detection *detection);

bool kws_recognize_commands(kws_detector *detector, uint32_t time_ms, kws_detection *detection);
bool kws_speech_aware(kws_detector *detector, uint32_t time_ms, kws_detection *detection);

typedef struct {
    uint16_t n_labels;          /* silence, unknown, words */
    uint16_t history;           /* scores kept; enough: KWS_DETECTOR_HISTORY */
    uint16_t average_window_ms;
    uint16_t minimum_count;     /* scores in the window before any label counts */
    uint32_t suppression_ms;
    const uint8_t *thresholds;  /* [n_labels] average score, 0 to 255, above which a label counts */
    uint8_t speech_weight;      /* speech_aware: part of the speech's level, in 256ths, by which thresholds rise */
    uint8_t speech_shift;       /* speech_aware: its level is an average over some 2^speech_shift scores; at most 16 */
    kws_detector_rule rule;
} kws_detector_config;

struct kws_detector {
    const kws_detector_config *config;
    uint32_t *times_ms; /* [history] ring */
    uint32_t *sums;     /* [n_labels] of scores + 128 in the ring */
    int8_t *scores;     /* [history, n_labels] ring */
    uint16_t oldest;
    uint16_t count;
    uint16_t top_label;
    uint32_t top_time_ms;
    uint32_t speech; /* level of unknown speech before the window, 0 to 255, times 2^speech_shift */
};

/* The most scores that fall into the averaging window, its both ends included. */
#define KWS_DETECTOR_HISTORY(average_window_ms, inference_ms) ((average_window_ms) / (inference_ms) + 1)

/* 32-bit words of memory that kws_detector_init() wants. */
#define KWS_DETECTOR_MEMORY_WORDS(history, n_labels) \
    ((history) + (n_labels) + ((size_t)(history) * (n_labels) + 3) / 4)

/* Prepares a detector on the caller's memory, which belongs to it from now on; config must stay. */
void kws_detector_init(kws_detector *detector, const kws_detector_config *config, uint32_t *memory);

/* Forgets all scores and the last label. */
void kws_detector_reset(kws_detector *detector);

/* Takes the model's scores [n_labels] at a time that never goes back (it may wrap at 2^32 ms). Returns true and fills
 * *detection where a word was heard. */
bool kws_detector_step(kws_detector *detector, const int8_t *scores, uint32_t time_ms, kws_detection *detection);

#ifdef __cplusplus
}
#endif
#endif
