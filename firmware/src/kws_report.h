/* SPDX-License-Identifier: Apache-2.0 */
/* Every line the device prints; docs/reference/serial_protocol.md has their grammar. */
#ifndef KWS_REPORT_H
#define KWS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kws_detector.h"
#include "kws_level.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a host must know before it sends audio. */
typedef struct {
    uint32_t line_bytes;   /* most bytes of audio in one line */
    uint32_t window_lines; /* the transmit window: lines that may be unanswered */
} kws_report_limits;

/* Whether lines end with a check from now on, and results are numbered and kept. */
void kws_report_use_checks(bool use);

void kws_report_ready(kws_report_limits limits);

/* After the banner, in a program with a model slot: what the slot holds, what the program can run, and why the slot's model does
 * not run, if so. */
void kws_report_model_slot(void);

/* The results of a clip: features and scores as they come, then kws_report_clip(), then one of the last three.
 *
 * With checks, these lines are kept until the host has them; kws_report_has_room() tells whether those of so much audio
 * as a line holds fit, and the last ones after them. */
void kws_report_begin_results(void);
bool kws_report_has_room(void);
void kws_report_confirm(uint32_t results);                       /* that the host has */
void kws_report_results_again(void);                             /* those that it has not */
void kws_report_features(uint32_t time_ms, const int8_t *frame); /* [KWS_N_MELS] */
void kws_report_scores(uint32_t time_ms, const int8_t *scores);  /* [KWS_N_LABELS] */
void kws_report_detection(const kws_detection *detection);
void kws_report_clip(uint32_t audio_crc);
void kws_report_ok_data(uint32_t bytes);
void kws_report_fail_clip(const char *error); /* code and words */
void kws_report_fail_crc(uint32_t computed, uint32_t announced);

/* What the microphone has delivered, used or not. */
typedef struct {
    uint32_t samples; /* since start, wrapping; those of recordings left out */
    uint32_t at_us;   /* when the last of them came */
} kws_report_intake;

/* `level`: of the sound, and `clipped`: samples in it that were too loud, both since the last status. */
void kws_report_status(const kws_level *level, uint32_t clipped, const kws_report_intake *intake);

/* The highest level of each label since the last time, next to its threshold: [KWS_N_LABELS]. */
void kws_report_levels(uint32_t time_ms, const uint8_t *peaks);
void kws_report_error(const char *what, const char *words);

/* The result of a recording. */
typedef struct {
    uint32_t samples;
    uint32_t crc;      /* of all of them, int16 little-endian */
    uint32_t overruns; /* blocks lost while it lasted */
    uint32_t clipped;  /* samples too loud */
} kws_report_recording;

/* A piece of the microphone's sound, from sample `offset` of the recording on. */
void kws_report_sound(uint32_t offset, const char *base64);
void kws_report_ok_record(const kws_report_recording *recording);

void kws_report_ok(const char *command);
void kws_report_ok_test(uint32_t line_bytes);
void kws_report_ok_sync(uint32_t token, uint32_t bytes);
void kws_report_ack(uint32_t bytes);
void kws_report_nak(uint32_t bytes);

/* `error`: code and words. */
void kws_report_fail(const char *error);

#ifdef __cplusplus
}
#endif
#endif
