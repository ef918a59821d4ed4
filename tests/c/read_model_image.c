/* SPDX-License-Identifier: Apache-2.0 */
/* Reads model slots from standard input, each a u32 of its length and its bytes, and says of each what the firmware's reader
 * says; of a good one, all that it points to is read, so that a sanitizer sees what lies outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kws_model_image.h"

#define N_LABELS 4

static const kws_model_image_limits limits = {
    .board = "mine",
    .built_in_identity = "00000000-11111111-22222222-33333333",
    .arena_bytes = 5104,
    .n_labels = N_LABELS,
    .stride_ms = 20,
    .history = 126,
};

static void show_good(const kws_model_image *image)
{
    const char *label = image->labels;
    unsigned long sum = 0;
    for (size_t i = 0; i < image->model_bytes; ++i) {
        sum += image->model[i];
    }
    printf("good model=%zu sum=%lu settings=%s labels=", image->model_bytes, sum, image->settings_identity);
    for (int i = 0; i < N_LABELS; ++i) {
        printf("%s,", label);
        label += strlen(label) + 1;
    }
    printf(" thresholds=");
    for (int i = 0; i < N_LABELS; ++i) {
        printf("%d,", image->detector.thresholds[i]);
    }
    const kws_score_filter *filter = image->detector.filter;
    long weights = 0;
    for (int i = 0; filter != NULL && i < KWS_FILTER_ROWS * filter->taps; ++i) {
        weights = weights * 7 % 1000003 + filter->weights[i];
    }
    printf(" rule=%s taps=%d weights=%ld bias=%ld shift=%d",
           image->detector.rule == kws_temporal_filter ? "filter" : "average", filter == NULL ? 0 : filter->taps,
           weights, filter == NULL ? 0 : (long)filter->bias, filter == NULL ? 0 : filter->shift);
    printf(" history=%d window=%d count=%d suppression=%lu stride=%d gate=%d grammar=", image->detector.history,
           image->detector.average_window_ms, image->detector.minimum_count,
           (unsigned long)image->detector.suppression_ms, image->inference_stride, image->gate_ratio);
    for (int i = 0; i < image->detector.n_grammar; ++i) {
        const kws_grammar_rule *rule = image->detector.grammar + i;
        printf("%d:%d:%lu,", rule->word, rule->after, (unsigned long)rule->window_ms);
    }
    printf(" golden=");
    for (int i = 0; image->golden_scores != NULL && i < N_LABELS; ++i) {
        printf("%d,", image->golden_scores[i]);
    }
    printf(" seed=%lu crc=%lu\n", (unsigned long)image->golden_seed, (unsigned long)image->golden_features_crc);
}

int main(void)
{
    static const char *const states[] = {"good", "none", "old", "refused"};
    uint32_t bytes;
    while (fread(&bytes, sizeof bytes, 1, stdin) == 1) {
        uint8_t *slot = malloc(bytes); /* aligned to 16 on 64-bit machines; not a byte more, for the sanitizer */
        kws_model_image image;
        const char *why;
        if (slot == NULL || fread(slot, 1, bytes, stdin) != bytes) {
            return 1;
        }
        const kws_model_image_state state = kws_model_image_read(slot, bytes, &limits, &image, &why);
        if (state == KWS_MODEL_IMAGE_GOOD) {
            show_good(&image);
        } else {
            printf("%s %s\n", states[state], why == NULL ? "" : why);
        }
        free(slot);
    }
    return 0;
}
