/* Every line the device prints; docs/serial_protocol.md has their grammar. */
#ifndef KWS_REPORT_H
#define KWS_REPORT_H

#include <stdint.h>

#include "kws_detector.h"
#include "kws_level.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a host should know before it sends audio. */
typedef struct {
    uint32_t line_bytes;   /* most bytes of audio in one line */
    uint32_t window_lines; /* lines that may be under way without an answer */
} kws_report_limits;

void kws_report_ready(kws_report_limits limits);
void kws_report_features(uint32_t time_ms, const int8_t *frame); /* [KWS_N_MELS] */
void kws_report_scores(uint32_t time_ms, const int8_t *scores);  /* [KWS_N_LABELS] */
void kws_report_detection(const kws_detection *detection);
void kws_report_clip(void);

/* What the microphone has delivered, whatever became of it. */
typedef struct {
    uint32_t samples; /* since start, wrapping; those of recordings left out */
    uint32_t at_us;   /* when the last of them came */
} kws_report_intake;

/* `level`: of the sound, and `clipped`: samples in it that were too loud, both since the last status. */
void kws_report_status(const kws_level *level, uint32_t clipped, const kws_report_intake *intake);
void kws_report_error(const char *what, const char *words);

void kws_report_ok(const char *command);
void kws_report_ok_test(uint32_t line_bytes);
void kws_report_ok_data(uint32_t bytes);
void kws_report_ack(uint32_t bytes);

/* `error`: code and words. */
void kws_report_fail(const char *error);
void kws_report_fail_crc(uint32_t computed, uint32_t announced);

#ifdef __cplusplus
}
#endif
#endif
