/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_listener.h"

#include "kws_crc32.h"

/* 32-bit words that hold `bytes`. */
static size_t words(size_t bytes)
{
    return (bytes + 3) / 4;
}

/* From a reset to the first call of get_ready or infer; then one comes every inference_stride frames. */
static uint16_t frames_to_first_call(const kws_listener_config *config)
{
    return (uint16_t)((config->n_frames - 1) % config->inference_stride + 1);
}

void kws_listener_init(kws_listener *listener, const kws_listener_config *config, int8_t *features, uint32_t *memory)
{
    const kws_frontend_config *frontend = config->frontend;
    const kws_detector_config *detector = &config->detector;
    listener->config = config;
    listener->features = features;
    listener->frame = (uint16_t *)memory;
    memory += words(2u * frontend->n_mels);
    listener->scores = (int8_t *)memory;
    memory += words(detector->n_labels);
    kws_detector_init(&listener->detector, detector, memory);
    memory += KWS_DETECTOR_MEMORY_WORDS(detector->history, detector->n_labels);
    kws_frontend_init(&listener->frontend, frontend, memory);
    kws_listener_reset(listener);
}

void kws_listener_reset(kws_listener *listener)
{
    kws_frontend_reset(&listener->frontend);
    kws_detector_reset(&listener->detector);
    listener->slept = false;
    if (listener->config->gate != NULL) {
        listener->config->gate(listener, KWS_GATE_BEGIN);
    }
    listener->frames = 0;
    listener->frames_left = frames_to_first_call(listener->config);
    listener->features_crc32 = 0;
    if (listener->config->on_reset != NULL) {
        listener->config->on_reset(listener->config->context);
    }
}

uint32_t kws_listener_time_ms(const kws_listener *listener)
{
    const kws_frontend_config *frontend = listener->config->frontend;
    return listener->frames == 0 ? 0 : frontend->window_ms + (listener->frames - 1) * frontend->stride_ms;
}

/* Four words copied at once: a library's memmove may copy byte by byte, and this runs for every frame. */
typedef struct {
    uint32_t words[4];
} __attribute__((may_alias, packed)) block;

/* Moves bytes to a lower address. */
static void move_down(int8_t *to, const int8_t *from, size_t size)
{
    for (; size >= sizeof(block); size -= sizeof(block), to += sizeof(block), from += sizeof(block)) {
        const block moved = *(const block *)from;
        *(block *)to = moved;
    }
    for (; size > 0; --size) {
        *to++ = *from++;
    }
}

/* Shifts the model input by one frame and appends the newest. */
static void keep_frame(kws_listener *listener)
{
    const kws_listener_config *config = listener->config;
    const size_t n_mels = config->frontend->n_mels;
    const size_t older = (size_t)(config->n_frames - 1) * n_mels;
    int8_t *newest = listener->features + older;
    move_down(listener->features, listener->features + n_mels, older);
    for (size_t i = 0; i < n_mels; ++i) {
        newest[i] = kws_quantize_feature(listener->frame[i]);
    }
    listener->features_crc32 = kws_crc32(listener->features_crc32, newest, n_mels);
    ++listener->frames;
    if (config->on_frame != NULL) {
        config->on_frame(config->context, kws_listener_time_ms(listener), newest);
    }
}

/* Fills the scores of the model, or those of a room where nothing was to be heard. */
static bool get_scores(kws_listener *listener)
{
    const kws_listener_config *config = listener->config;
    if (config->gate != NULL && config->gate(listener, KWS_GATE_DUE)) {
        return true;
    }
    return config->infer(config->context, listener->features, listener->scores);
}

static void run_inference(kws_listener *listener)
{
    const kws_listener_config *config = listener->config;
    const uint32_t time_ms = kws_listener_time_ms(listener);
    kws_detection detection;
    if (!get_scores(listener)) {
        return;
    }
    if (config->on_inference != NULL) {
        config->on_inference(config->context, time_ms, listener->scores);
    }
    if (kws_detector_step(&listener->detector, listener->scores, time_ms, &detection) && config->on_detection != NULL) {
        config->on_detection(config->context, &detection);
    }
    if (config->on_levels != NULL) {
        config->on_levels(config->context, time_ms, kws_detector_levels(&listener->detector));
    }
}

/* Counts down to the next inference and runs it when it is due. */
static void step_towards_inference(kws_listener *listener)
{
    const kws_listener_config *config = listener->config;
    if (--listener->frames_left > 0) {
        return;
    }
    listener->frames_left = config->inference_stride;
    if (listener->frames >= config->n_frames) {
        run_inference(listener);
    } else if (config->get_ready != NULL) {
        config->get_ready(config->context);
    }
}

void kws_listener_feed(kws_listener *listener, const int16_t *samples, size_t count)
{
    while (count > 0) {
        bool is_frame;
        const size_t taken = kws_frontend_feed(&listener->frontend, samples, count, listener->frame, &is_frame);
        samples += taken;
        count -= taken;
        if (is_frame) {
            keep_frame(listener);
            if (listener->config->gate != NULL) {
                listener->config->gate(listener, KWS_GATE_FRAME);
            }
            step_towards_inference(listener);
        }
    }
}
