/* SPDX-License-Identifier: Apache-2.0 */
/* Checks while compiling that the settings are within what the portable C can hold. It contains no code.
 *
 * tinykws checks a bundle before it generates anything; this finds settings that were changed by hand. In C99: an array
 * type of a negative size is an error, which names the check.
 */
#include "kws_detector.h"
#include "kws_frontend.h"
#include "kws_gate.h"
#include "kws_settings.h"

#define CHECK(what, condition) typedef char kws_setting_is_out_of_range_##what[(condition) ? 1 : -1]
#define IS_IN(value, low, high) ((value) >= (low) && (value) <= (high))

#define INFERENCE_STRIDE_MS (KWS_INFERENCE_STRIDE * KWS_STRIDE_MS)
#define WINDOW_SAMPLES (KWS_WINDOW_MS * KWS_SAMPLE_RATE_HZ / 1000)
#define COUNT_OF(bytes) (sizeof(bytes) / sizeof(bytes)[0])

/* The serial protocol's audio has this rate. */
CHECK(sample_rate_hz, KWS_SAMPLE_RATE_HZ == 16000);
CHECK(window_ms, IS_IN(WINDOW_SAMPLES, KWS_MIN_WINDOW_SAMPLES, KWS_MAX_WINDOW_SAMPLES));
CHECK(stride_ms, IS_IN(KWS_STRIDE_MS, 1, KWS_WINDOW_MS));
CHECK(n_mels, IS_IN(KWS_N_MELS, 1, KWS_MAX_MELS));
CHECK(n_frames, IS_IN(KWS_N_FRAMES, 1, UINT16_MAX));
CHECK(n_labels, IS_IN(KWS_N_LABELS, KWS_FIRST_WORD + 1, KWS_MAX_LABELS));
CHECK(first_word, KWS_FIRST_WORD == KWS_FIRST_WORD_LABEL);
CHECK(inference_stride, IS_IN(INFERENCE_STRIDE_MS, KWS_STRIDE_MS, KWS_MAX_AVERAGE_WINDOW_MS));
CHECK(average_window_ms, IS_IN(KWS_AVERAGE_WINDOW_MS, INFERENCE_STRIDE_MS, KWS_MAX_AVERAGE_WINDOW_MS));
CHECK(minimum_count, IS_IN(KWS_MINIMUM_COUNT, 1, KWS_MAX_MINIMUM_COUNT));
CHECK(suppression_ms, IS_IN(KWS_SUPPRESSION_MS, 0, KWS_MAX_SUPPRESSION_MS));
CHECK(thresholds, COUNT_OF((const uint8_t[])KWS_THRESHOLDS) == KWS_N_LABELS);

#ifdef KWS_FILTER_TAPS
CHECK(filter_taps, IS_IN(KWS_FILTER_TAPS, 1, KWS_DETECTOR_HISTORY(KWS_AVERAGE_WINDOW_MS, INFERENCE_STRIDE_MS)));
CHECK(filter_weights, COUNT_OF((const int8_t[])KWS_FILTER_WEIGHTS) == KWS_FILTER_ROWS * KWS_FILTER_TAPS);
CHECK(filter_bias, IS_IN(KWS_FILTER_BIAS, -KWS_MAX_FILTER_BIAS, KWS_MAX_FILTER_BIAS));
CHECK(filter_shift, IS_IN(KWS_FILTER_SHIFT, 0, KWS_MAX_FILTER_SHIFT));
#endif

#ifdef KWS_GATE_RATIO
CHECK(gate_ratio, IS_IN(KWS_GATE_RATIO, 257, KWS_MAX_GATE_RATIO));
#endif

#ifdef KWS_GRAMMAR
CHECK(grammar, COUNT_OF((const kws_grammar_rule[])KWS_GRAMMAR) <= KWS_MAX_GRAMMAR_RULES);
#endif

#ifdef KWS_SELF_TEST_SEED
CHECK(self_test_scores, COUNT_OF((const int8_t[])KWS_SELF_TEST_SCORES) == KWS_N_LABELS);
#endif
