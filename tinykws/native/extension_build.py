# SPDX-License-Identifier: Apache-2.0
"""Builds `tinykws.native._kws`: the firmware's portable C (firmware/lib), compiled for Python through cffi.

setup.py runs this in the folder of the checkout. The same files go into the firmware, unchanged. The aot engine's
kernels (firmware/lib/kws_nn) are compiled too, with a loop that calls them by a list (c/kws_plan.c).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cffi import FFI

LIBRARIES = {
    "kws_audio": ("golden_signal",),
    "kws_detect": ("detector", "gate", "listener", "recognize_commands", "sleep", "sliding_mean", "temporal_filter"),
    "kws_frontend": (
        "fft",
        "filterbank",
        "frontend",
        "logarithm",
        "noise_reduction",
        "pcan",
        "square_root",
        "analysis_window",
    ),
    "kws_serial": ("crc32",),
}
"""The firmware's libraries, and which of their files Python uses."""
KERNELS = Path("firmware/lib/kws_nn")
"""The aot engine's kernels: Python uses all of them."""
PLAN = Path("tinykws/native/c")
SOURCES = [
    *(f"firmware/lib/{library}/kws_{name}.c" for library, names in LIBRARIES.items() for name in names),
    *(path.as_posix() for path in sorted(KERNELS.glob("*.c"))),
    (PLAN / "kws_plan.c").as_posix(),
]


def declarations_in(header: Path, *, functions: bool = True) -> str:
    """Returns what a header declares, as cffi reads it: without comments, preprocessor lines and parts for C++."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"#ifdef __cplusplus\n.*?#endif\n", "", text, flags=re.DOTALL)
    numbers = dict(re.findall(r"^#define (\w+) (\d+)$", text, flags=re.MULTILINE))
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    if not functions:
        text = re.sub(r"^void [^;]*;\n", "", text, flags=re.MULTILINE)
    return re.sub(r"\w+", lambda word: numbers.get(word[0], word[0]), text)


DECLARATIONS = """
typedef struct { int16_t r; int16_t i; } kws_complex;
typedef struct { uint16_t size; const kws_complex *twiddles; const kws_complex *split_twiddles; } kws_fft_config;
typedef struct {
    uint16_t first_bin;
    const uint8_t *band_widths;
    const uint16_t *falling;
    const uint16_t *rising;
} kws_filterbank_config;
typedef struct {
    uint8_t smoothing_bits;
    uint16_t even_smoothing;
    uint16_t odd_smoothing;
    uint16_t min_signal_remaining;
} kws_noise_config;
typedef struct { const int16_t *gain; uint8_t snr_shift; } kws_pcan_config;
typedef struct { const uint16_t *log2_correction; uint8_t input_shift; uint8_t scale_shift; } kws_logarithm_config;
typedef struct {
    uint16_t window_ms;
    uint16_t stride_ms;
    uint16_t window_samples;
    uint16_t stride_samples;
    uint16_t n_mels;
    const int16_t *window;
    kws_fft_config fft;
    kws_filterbank_config filterbank;
    kws_noise_config noise;
    kws_pcan_config pcan;
    kws_logarithm_config logarithm;
} kws_frontend_config;
typedef struct { ...; } kws_frontend;

void kws_frontend_init(kws_frontend *frontend, const kws_frontend_config *config, uint32_t *memory);
void kws_frontend_reset(kws_frontend *frontend);
int8_t kws_quantize_feature(uint16_t feature);

size_t frontend_memory_words(size_t window_samples, size_t n_mels);
size_t frontend_process(kws_frontend *frontend, const int16_t *samples, size_t count, uint16_t *features);
void features_of_clips(kws_frontend *frontend, const int16_t *clips, size_t n_clips, size_t clip_samples,
                       size_t n_frames, int8_t *features);

typedef struct { uint32_t time_ms; uint16_t label; uint8_t score; } kws_detection;
typedef struct kws_detector { ...; } kws_detector;
typedef bool (*kws_detector_rule)(kws_detector *detector, uint32_t time_ms, kws_detection *detection);
typedef struct { const int8_t *weights; int32_t bias; uint16_t taps; uint8_t shift; } kws_score_filter;
typedef struct { uint16_t word; uint16_t after; uint32_t window_ms; } kws_grammar_rule;
typedef struct {
    uint16_t n_labels;
    uint16_t history;
    uint16_t average_window_ms;
    uint16_t minimum_count;
    uint32_t suppression_ms;
    const uint8_t *thresholds;
    const kws_score_filter *filter;
    kws_detector_rule rule;
    const kws_grammar_rule *grammar;
    uint16_t n_grammar;
} kws_detector_config;

bool kws_recognize_commands(kws_detector *detector, uint32_t time_ms, kws_detection *detection);
bool kws_temporal_filter(kws_detector *detector, uint32_t time_ms, kws_detection *detection);
bool kws_sliding_mean(kws_detector *detector, uint32_t time_ms, kws_detection *detection);

void kws_detector_init(kws_detector *detector, const kws_detector_config *config, uint32_t *memory);
void kws_detector_reset(kws_detector *detector);
bool kws_detector_step(kws_detector *detector, const int8_t *scores, uint32_t time_ms, kws_detection *detection);
const uint8_t *kws_detector_levels(const kws_detector *detector);
size_t detector_memory_words(size_t history, size_t n_labels);
size_t detector_run(kws_detector *detector, const uint32_t *times_ms, const int8_t *scores, size_t count,
                    kws_detection *detections);

typedef struct kws_listener { uint32_t frames; uint32_t features_crc32; bool slept; ...; } kws_listener;
typedef enum { KWS_GATE_BEGIN, KWS_GATE_FRAME, KWS_GATE_DUE } kws_gate_event;
typedef bool (*kws_listener_gate)(kws_listener *listener, kws_gate_event event);
bool kws_sleep_while_quiet(kws_listener *listener, kws_gate_event event);
typedef struct {
    const kws_frontend_config *frontend;
    kws_detector_config detector;
    uint16_t n_frames;
    uint16_t inference_stride;
    uint16_t gate_ratio;
    kws_listener_gate gate;
    bool (*infer)(void *context, const int8_t *features, int8_t *scores);
    void (*get_ready)(void *context);
    void (*on_reset)(void *context);
    void (*on_inference)(void *context, uint32_t time_ms, const int8_t *scores);
    void (*on_detection)(void *context, const kws_detection *detection);
    void (*on_levels)(void *context, uint32_t time_ms, const uint8_t *levels);
    void (*on_frame)(void *context, uint32_t time_ms, const int8_t *frame);
    void *context;
} kws_listener_config;

void kws_listener_init(kws_listener *listener, const kws_listener_config *config, int8_t *features,
                       uint32_t *memory);
void kws_listener_reset(kws_listener *listener);
void kws_listener_feed(kws_listener *listener, const int16_t *samples, size_t count);
uint32_t kws_listener_time_ms(const kws_listener *listener);
size_t listener_memory_words(size_t window_samples, size_t n_mels, size_t history, size_t n_labels);

typedef struct { ...; } kws_golden_signal;

void kws_golden_signal_begin(kws_golden_signal *signal, uint32_t seed);
void kws_golden_signal_next(kws_golden_signal *signal, int16_t *samples, size_t count);

extern "Python" bool listener_infer(void *context, const int8_t *features, int8_t *scores);
extern "Python" void listener_on_reset(void *context);
extern "Python" void listener_on_inference(void *context, uint32_t time_ms, const int8_t *scores);
extern "Python" void listener_on_detection(void *context, const kws_detection *detection);
"""

# What Python wants and the firmware does not: macros as functions, and loops that need no way back into Python.
SOURCE = """
#include "kws_golden_signal.h"
#include "kws_listener.h"
#include "kws_nn.h"
#include "kws_plan.h"

static size_t frontend_memory_words(size_t window_samples, size_t n_mels)
{
    return KWS_FRONTEND_MEMORY_WORDS(window_samples, n_mels);
}

static size_t detector_memory_words(size_t history, size_t n_labels)
{
    return KWS_DETECTOR_MEMORY_WORDS(history, n_labels);
}

/* Steps through scores [count, n_labels]; returns how many words were heard, which stand in detections [count]. */
static size_t detector_run(kws_detector *detector, const uint32_t *times_ms, const int8_t *scores, size_t count,
                           kws_detection *detections)
{
    size_t heard = 0;
    for (size_t i = 0; i < count; ++i) {
        heard += kws_detector_step(detector, scores + i * detector->config->n_labels, times_ms[i], detections + heard);
    }
    return heard;
}

static size_t listener_memory_words(size_t window_samples, size_t n_mels, size_t history, size_t n_labels)
{
    return KWS_LISTENER_MEMORY_WORDS(window_samples, n_mels, history, n_labels);
}

/* Takes all samples; returns how many frames stand in features [frames, n_mels]. */
static size_t frontend_process(kws_frontend *frontend, const int16_t *samples, size_t count, uint16_t *features)
{
    size_t frames = 0;
    while (count > 0) {
        bool is_frame;
        const size_t taken =
            kws_frontend_feed(frontend, samples, count, features + frames * frontend->config->n_mels, &is_frame);
        samples += taken;
        count -= taken;
        frames += is_frame;
    }
    return frames;
}

/* One clip from a fresh state: features [n_frames, n_mels] of samples [clip_samples], which hold at least n_frames. */
static void features_of_clip(kws_frontend *frontend, const int16_t *samples, size_t clip_samples, size_t n_frames,
                             int8_t *features)
{
    const size_t n_mels = frontend->config->n_mels;
    uint16_t frame[UINT8_MAX];
    kws_frontend_reset(frontend);
    while (n_frames > 0) {
        bool is_frame;
        const size_t taken = kws_frontend_feed(frontend, samples, clip_samples, frame, &is_frame);
        samples += taken;
        clip_samples -= taken;
        for (size_t i = 0; is_frame && i < n_mels; ++i) {
            *features++ = kws_quantize_feature(frame[i]);
        }
        n_frames -= is_frame;
    }
}

static void features_of_clips(kws_frontend *frontend, const int16_t *clips, size_t n_clips, size_t clip_samples,
                              size_t n_frames, int8_t *features)
{
    for (size_t i = 0; i < n_clips; ++i) {
        features_of_clip(frontend, clips + i * clip_samples, clip_samples, n_frames,
                         features + i * n_frames * frontend->config->n_mels);
    }
}
"""

ffibuilder = FFI()
ffibuilder.cdef(DECLARATIONS)
ffibuilder.cdef(declarations_in(KERNELS / "kws_nn.h", functions=False))
ffibuilder.cdef(declarations_in(PLAN / "kws_plan.h"))
ffibuilder.set_source(
    "tinykws.native._kws",
    SOURCE,
    sources=SOURCES,
    include_dirs=[*(f"firmware/lib/{library}" for library in LIBRARIES), KERNELS.as_posix(), PLAN.as_posix()],
    extra_compile_args=[] if sys.platform == "win32" else ["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
