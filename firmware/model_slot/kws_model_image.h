/* SPDX-License-Identifier: Apache-2.0 */
/* The image of a model in a board's model slot, as `tinykws flash --model-only` writes it: everything of a bundle that may
 * change without other firmware. tinykws/firmware_build/model_image.py writes it; the layout, all little-endian:
 *
 *     offset                                     offset
 *      0  char[4]  "KWSM"                         72  u32  taps of the filter; 0: there is none
 *      4  u32  version: 1                         76  u32  offset of its weights, int8 [6, taps]
 *      8  u32  bytes of this header: 256          80  i32  its bias
 *     12  u32  bytes of the whole image           84  u32  its shift
 *     16  u32  CRC-32 of all after the header     88  u32  rules of the grammar
 *     20  u32  offset of the model, in 16s        92  u32  their offset, each u16 word, u16 after, u32 window_ms
 *     24  u32  bytes of the model                 96  u32  1: there is a golden clip
 *     28  u32  bytes of arena that it wants      100  u32  its seed
 *     32  u32  offset of the labels              104  u32  CRC-32 of its features
 *     36  u32  bytes of the labels               108  u32  offset of its scores, int8 [n_labels]
 *     40  u32  labels                            112  u32  reserved: 0
 *     44  u32  rule: 0 recognize_commands,       116  u32  reserved: 0
 *              1 temporal_filter                 120  char[68]  id of the board
 *     48  u32  average_window_ms                 188  char[36]  identity of the firmware's built-in model
 *     52  u32  minimum_count                     224  char[28]  identity of front-end, detector and labels
 *     56  u32  suppression_ms                    252  u32  CRC-32 of the header up to here
 *     60  u32  frames between inferences
 *     64  u32  gate_ratio; 0: no gate
 *     68  u32  offset of the thresholds, u8 [n_labels]
 *
 * Offsets count from the image's beginning. Text ends with a 0; labels follow each other. An image is used whole or not at
 * all: a damaged, truncated or half-written one has a wrong CRC. The CRCs find damage, not intent: whoever can write
 * the slot can write the program as well.
 */
#ifndef KWS_MODEL_IMAGE_H
#define KWS_MODEL_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "kws_listener.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_MODEL_IMAGE_VERSION 1u
#define KWS_MODEL_IMAGE_HEADER_BYTES 256u
#define KWS_MODEL_IMAGE_ALIGNMENT 16u
#define KWS_MODEL_LABEL_CHARACTERS 24u

/* What a program can run. */
typedef struct {
    const char *board;
    const char *built_in_identity; /* of the model that is linked: front-end, detector, labels and model */
    uint32_t arena_bytes;
    uint16_t n_labels;
    uint16_t stride_ms; /* of the front-end */
    uint16_t history;   /* scores that there is memory for */
} kws_model_image_limits;

/* What a good image holds; pointers lead into it. */
typedef struct {
    const uint8_t *model; /* [model_bytes], aligned like the image, at most to 16 */
    size_t model_bytes;
    const char *settings_identity;
    const char *labels;           /* n_labels texts, one after the other */
    kws_detector_config detector; /* its filter is set if `filter` is of use: see kws_model_image_read() */
    kws_score_filter filter;
    uint16_t inference_stride;
    uint16_t gate_ratio;
    uint32_t golden_seed;
    uint32_t golden_features_crc;
    const int8_t *golden_scores; /* [n_labels]; NULL: no golden clip */
} kws_model_image;

typedef enum {
    KWS_MODEL_IMAGE_GOOD,
    KWS_MODEL_IMAGE_NONE,    /* the slot is erased */
    KWS_MODEL_IMAGE_OLD,     /* it was written for a program with another model in it */
    KWS_MODEL_IMAGE_REFUSED, /* *why says the reason, in words */
} kws_model_image_state;

/* Reads and checks what is in a slot of `slot_bytes`, aligned to 16. Only of a good image is *image of use, and its
 * detector points into *image, which must stay where it is. */
kws_model_image_state kws_model_image_read(const uint8_t *slot, size_t slot_bytes, const kws_model_image_limits *limits,
                                           kws_model_image *image, const char **why);

#ifdef __cplusplus
}
#endif
#endif
