/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a listener over 16-bit samples from standard input, in pieces of changing size, and prints what it says.
 *
 * test_c_sanitizers.py compiles it with the sanitizers and compares the lines with those of the Python package. Memory
 * comes from malloc in exactly the sizes the headers ask for, so that a step beyond is seen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_listener.h"

#define MAX_PIECE 1024

typedef struct {
    size_t n_features;
    uint16_t n_labels;
} shape;

/* A stand-in for a network: the labels share the features; the label with the largest sum gets 100, the others -100. */
static bool infer(void *context, const int8_t *features, int8_t *scores)
{
    const shape *model = (const shape *)context;
    const size_t share = model->n_features / model->n_labels;
    long best_sum = 0;
    size_t best = 0;
    for (size_t label = 0; label < model->n_labels; ++label) {
        long sum = 0;
        for (size_t i = 0; i < share; ++i) {
            sum += *features++;
        }
        if (label == 0 || sum > best_sum) {
            best_sum = sum;
            best = label;
        }
        scores[label] = -100;
    }
    scores[best] = 100;
    return true;
}

static void print_ready(void *context)
{
    (void)context;
    printf("ready\n");
}

static void print_inference(void *context, uint32_t time_ms, const int8_t *scores)
{
    const shape *model = (const shape *)context;
    printf("inference %" PRIu32, time_ms);
    for (size_t i = 0; i < model->n_labels; ++i) {
        printf(" %d", scores[i]);
    }
    printf("\n");
}

static void print_detection(void *context, const kws_detection *detection)
{
    (void)context;
    printf("detection %" PRIu32 " %u %u\n", detection->time_ms, detection->label, detection->score);
}

/* Feeds all of standard input; each piece is a new block of memory, so that reading past its end is seen too. */
static void feed_stdin(kws_listener *listener)
{
    uint32_t random = 1;
    for (;;) {
        random = random * 1664525u + 1013904223u;
        const size_t wanted = 1 + (random >> 16) % MAX_PIECE;
        int16_t *piece = (int16_t *)malloc(wanted * sizeof(int16_t));
        const size_t got = fread(piece, sizeof(int16_t), wanted, stdin);
        kws_listener_feed(listener, piece, got);
        free(piece);
        if (got < wanted) {
            return;
        }
    }
}

/* Arguments: n_frames, inference_stride, n_labels, average_window_ms, threshold, suppression_ms, minimum_count,
 * and for the temporal filter its bias, shift and weights. */
int main(int argc, char **argv)
{
    enum { COMMON = 7, FILTER = 2 };
    unsigned values[COMMON];
    const int weights = argc - 1 - COMMON - FILTER;
    if (argc < 1 + COMMON) {
        return 2;
    }
    for (int i = 0; i < COMMON; ++i) {
        values[i] = (unsigned)strtoul(argv[i + 1], NULL, 10);
    }
    const kws_frontend_config *frontend = &kws_frontend_default;
    shape model = {(size_t)values[0] * frontend->n_mels, (uint16_t)values[2]};
    kws_listener_config config;
    config.frontend = frontend;
    config.n_frames = (uint16_t)values[0];
    config.inference_stride = (uint16_t)values[1];
    config.detector.n_labels = (uint16_t)values[2];
    config.detector.average_window_ms = (uint16_t)values[3];
    config.detector.history = (uint16_t)KWS_DETECTOR_HISTORY(values[3], values[1] * frontend->stride_ms);
    uint8_t *thresholds = (uint8_t *)malloc(values[2]);
    memset(thresholds, (int)values[4], values[2]);
    config.detector.thresholds = thresholds;
    int8_t *filter_weights = (int8_t *)malloc(weights > 0 ? (size_t)weights : 1);
    for (int i = 0; i < weights; ++i) {
        filter_weights[i] = (int8_t)strtol(argv[1 + COMMON + FILTER + i], NULL, 10);
    }
    kws_score_filter filter = {filter_weights, 0, (uint16_t)(weights > 0 ? weights / KWS_FILTER_ROWS : 0), 0};
    if (weights > 0) {
        filter.bias = (int32_t)strtol(argv[1 + COMMON], NULL, 10);
        filter.shift = (uint8_t)strtoul(argv[2 + COMMON], NULL, 10);
    }
    config.detector.filter = weights > 0 ? &filter : NULL;
    config.detector.rule = weights > 0 ? kws_temporal_filter : kws_recognize_commands;
    config.detector.suppression_ms = values[5];
    config.detector.minimum_count = (uint16_t)values[6];
    config.infer = infer;
    config.get_ready = print_ready;
    config.on_reset = NULL;
    config.on_inference = print_inference;
    config.on_detection = print_detection;
    config.on_frame = NULL;
    config.context = &model;

    kws_listener listener;
    uint32_t *memory = (uint32_t *)malloc(sizeof(uint32_t) *
                                          KWS_LISTENER_MEMORY_WORDS(frontend->window_samples, frontend->n_mels,
                                                                    config.detector.history, config.detector.n_labels));
    int8_t *window = (int8_t *)malloc((size_t)config.n_frames * frontend->n_mels);
    kws_listener_init(&listener, &config, window, memory);
    feed_stdin(&listener);
    printf("frames %" PRIu32 " crc %08" PRIx32 "\n", listener.frames, listener.features_crc32);
    free(filter_weights);
    free(window);
    free(memory);
    free(thresholds);
    return 0;
}
