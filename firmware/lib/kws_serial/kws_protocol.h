/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the serial protocol, version 2, as docs/reference/serial_protocol.md defines them. */
#ifndef KWS_PROTOCOL_H
#define KWS_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_PROTOCOL_VERSION 2
#define KWS_AUDIO_TYPE "audio-pcm-16khz-mono-s16"

/* Most samples of silence that `tail=` may ask for: 5 s. */
#define KWS_MAX_TAIL_SAMPLES 80000

/* Most samples of one !RECORD: a minute, which is how long a host may be silent. */
#define KWS_MAX_RECORD_SAMPLES 960000

typedef enum {
    KWS_COMMAND_BAD, /* the error says why */
    KWS_COMMAND_INFO,
    KWS_COMMAND_TEST,
    KWS_COMMAND_DATA,
    KWS_COMMAND_RESET,
    KWS_COMMAND_EXIT,
    KWS_COMMAND_STATUS,
    KWS_COMMAND_SYNC,
    KWS_COMMAND_RECORD,
    KWS_COMMAND_LEVELS,
} kws_command_kind;

/* What !DATA announces. */
typedef struct {
    uint32_t bytes; /* of audio to come: not 0, even */
    uint32_t tail_samples;
    uint32_t crc;
    bool has_crc;
    bool wants_features;
} kws_clip_request;

/* What !SYNC says. */
typedef struct {
    uint32_t token;
    uint32_t results; /* that the host has */
} kws_sync_request;

/* The beginning of a line of audio in a clip with checks. */
typedef struct {
    uint32_t offset;  /* of its first byte in the clip */
    uint32_t results; /* that the host has */
    size_t base64;    /* where in the line the audio begins */
} kws_audio_line;

typedef struct {
    kws_command_kind kind;
    const char *error;       /* KWS_COMMAND_BAD: code and words for !FAIL */
    kws_clip_request clip;   /* KWS_COMMAND_DATA */
    kws_sync_request sync;   /* KWS_COMMAND_SYNC */
    uint32_t record_samples; /* KWS_COMMAND_RECORD */
} kws_command;

/* Reads a line that begins with '!'. */
kws_command kws_parse_command(const char *line);

/* Reads `@<offset> <results> <base64>`, its check already taken off. Returns whether it is such a line. */
bool kws_parse_audio_line(const char *line, kws_audio_line *audio);

/* Whether !DATA has options beyond the form that test_over_serial uses. */
bool kws_has_options(const kws_clip_request *request);

#ifdef __cplusplus
}
#endif
#endif
