/* From scores to detections: averages the model's scores over a time and says when a word was heard.
 *
 * The rule is that of RecognizeCommands in TFLite Micro's micro_speech: the label with the highest average counts as
 * new when its average is above the threshold and it is another label than the last one, or suppression_ms have gone
 * by since that one. Silence and unknown move this state like words, but only words are reported. One thing differs:
 * upstream forgets the newest scores once 50 are in the window; here the window holds as many as the caller gives
 * memory for.
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
#define KWS_FIRST_WORD_LABEL 2u

typedef struct {
    uint16_t n_labels;          /* silence, unknown, words */
    uint16_t history;           /* scores kept; enough: KWS_DETECTOR_HISTORY */
    uint16_t average_window_ms;
    uint8_t threshold;          /* average score, 0 to 255, above which a label counts */
    uint32_t suppression_ms;
    uint16_t minimum_count;     /* scores in the window before any label counts */
} kws_detector_config;

typedef struct {
    uint32_t time_ms;
    uint16_t label;
    uint8_t score; /* average over the window, 0 to 255 */
} kws_detection;

typedef struct {
    const kws_detector_config *config;
    uint32_t *times_ms; /* [history] ring */
    uint32_t *sums;     /* [n_labels] of scores + 128 in the ring */
    int8_t *scores;     /* [history, n_labels] ring */
    uint16_t oldest;
    uint16_t count;
    uint16_t top_label;
    uint32_t top_time_ms;
} kws_detector;

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
