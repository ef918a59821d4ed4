/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tinykws: the firmware's constants for its model and its board. */
#ifndef KWS_SETTINGS_H
#define KWS_SETTINGS_H

#define KWS_BOARD "nano33ble"
#define KWS_SETTINGS_IDENTITY "c26fe732-e71affdc-a7d29147" /* hashes of front-end, detector and labels; the model's is the engine's */

/* Front-end: one feature frame of KWS_N_MELS every KWS_STRIDE_MS. */
#define KWS_SAMPLE_RATE_HZ 16000
#define KWS_WINDOW_MS 30
#define KWS_STRIDE_MS 20
#define KWS_N_MELS 40
#define KWS_N_FRAMES 4 /* of the model input */
#define KWS_INFERENCE_STRIDE 5 /* frames from one inference to the next */

/* Labels: silence, unknown, then the keywords. */
#define KWS_N_LABELS 3
#define KWS_FIRST_WORD 2

/* Detector: rule and settings as kws_detector.h has them. */
#define KWS_DETECTOR_RULE kws_recognize_commands
#define KWS_AVERAGE_WINDOW_MS 1000
#define KWS_THRESHOLDS {200, 200, 200} /* 0 to 255, of each label */
#define KWS_SUPPRESSION_MS 1500
#define KWS_MINIMUM_COUNT 3

/* Self-test at boot: the expected features and scores for the test signal of this seed (kws_golden_signal.h). */
#define KWS_SELF_TEST_SEED 12u
#define KWS_SELF_TEST_FEATURES_CRC 0x09fb336du
#define KWS_SELF_TEST_SCORES { -58, -12, -58 }

/* Model: 1001 bytes measured by the test's own invention, and the board's margin. */
#define KWS_ARENA_BYTES 5104

/* Model slot: flash for a model of `tinykws flash --model-only`, which then runs instead of the built-in one. */
#define KWS_MODEL_SLOT_ADDRESS 0x000a0000u
#define KWS_MODEL_SLOT_BYTES 262144
#define KWS_OP_NAMES "FULLY_CONNECTED,SOFTMAX" /* that the program has kernels of */

/* Board. A pin of -1 is fixed by the board. */
#define KWS_SERIAL_BAUD 115200
#define KWS_MICROPHONE_IS_PDM 1
#define KWS_MICROPHONE_IS_RIGHT 0
#define KWS_MICROPHONE_SLOT_BITS 16
#define KWS_MICROPHONE_SHIFT (0)
#define KWS_MICROPHONE_GAIN 20
#define KWS_MICROPHONE_RING_SAMPLES 8192 /* between interrupt and main loop */
#define KWS_MICROPHONE_SETTLE_MS 3500
#define KWS_MICROPHONE_CLOCK_PIN (-1)
#define KWS_MICROPHONE_WORD_SELECT_PIN (-1)
#define KWS_MICROPHONE_DATA_PIN (-1)
#define KWS_MICROPHONE_POWER_PIN (-1)
#define KWS_LED_PIN (-1)
#define KWS_LED_RED_PIN (22)
#define KWS_LED_GREEN_PIN (23)
#define KWS_LED_BLUE_PIN (24)
#define KWS_LED_DATA_PIN (-1) /* of an addressable LED */
#define KWS_LED_ACTIVE_LOW 1
#define KWS_HAS_WATCHDOG 1 /* whether a function of on_word.h that does not return is reported */

#ifdef __cplusplus
extern "C" {
#endif

extern const char *kws_labels[KWS_N_LABELS]; /* of the model that runs */

#ifdef __cplusplus
}
#endif
#endif
