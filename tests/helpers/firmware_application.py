# SPDX-License-Identifier: Apache-2.0
"""The firmware's application with the host port and an engine that sums its input, compiled with sanitizers."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from between_workers import compiled_objects
from firmware_sources import APPLICATION_INCLUDES, portable_sources
from protocol_grammar import is_of

from tinykws.device.protocol import ClipFigures, Heard, Line, Scores, Status, parse_line
from tinykws.native.frontend_tables import c_source
from tinykws.native.listener import Inference, Listener
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.resources import FIRMWARE

LABELS = ("_silence_", "_unknown_", "hey_robot", "da")


FRONTEND = FrontendSettings(clip_ms=500)


DETECTOR = DetectorSettings(threshold=150, suppression_ms=500, average_window_ms=300)


IDENTITY = "01234567-89abcdef-01234567-89abcdef"


N_FEATURES = FRONTEND.n_frames * FRONTEND.n_mels


SETTINGS_H = f"""
#ifndef KWS_SETTINGS_H
#define KWS_SETTINGS_H
#define KWS_SAMPLE_RATE_HZ 16000
#define KWS_N_MELS {FRONTEND.n_mels}
#define KWS_N_FRAMES {FRONTEND.n_frames}
#define KWS_STRIDE_MS {FRONTEND.stride_ms}
#define KWS_WINDOW_MS {FRONTEND.window_ms}
#define KWS_INFERENCE_STRIDE {DETECTOR.inference_stride_ms // FRONTEND.stride_ms}
#define KWS_N_LABELS {len(LABELS)}
#define KWS_FIRST_WORD 2
#define KWS_AVERAGE_WINDOW_MS {DETECTOR.average_window_ms}
#define KWS_THRESHOLDS {{{", ".join(map(str, DETECTOR.thresholds(len(LABELS))))}}}
#define KWS_DETECTOR_RULE kws_{DETECTOR.kind}
#define KWS_SUPPRESSION_MS {DETECTOR.suppression_ms}
#ifndef KWS_MINIMUM_COUNT
#define KWS_MINIMUM_COUNT {DETECTOR.minimum_count}
#endif
#define KWS_BOARD "host"
#define KWS_SETTINGS_IDENTITY "{IDENTITY.rpartition("-")[0]}"
extern const char *const kws_labels[KWS_N_LABELS];
#endif
"""


LABELS_C = (
    '#include "kws_settings.h"\nconst char *const kws_labels[] = {"_silence_", "_unknown_", "hey_robot", "da"};\n'
)


STRICT = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-Wshadow"]


SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def build(folder: Path, *options: str) -> Path:
    """Compiles the application with the tests' engine, sanitized.

    Args:
        folder: of the program.
        options: further definitions (-D…), options of the linker (-Wl,…) and C files.
    """
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    (folder / "kws_settings.h").write_text(SETTINGS_H)
    (folder / "tables.c").write_text(c_source(FRONTEND))
    (folder / "labels.c").write_text(LABELS_C)
    sources = [
        *(FIRMWARE / "src").glob("kws_*.c"),
        FIRMWARE / "src" / "main_c.c",
        *portable_sources(),
        *(FIRMWARE / "ports" / "host").glob("*.c"),
        *(Path(__file__).parent.parent / "c" / name for name in ("summing_engine.c", "on_word_lines.c")),
        folder / "tables.c",
        folder / "labels.c",
    ]
    sources += [Path(option) for option in options if option.endswith(".c")]
    linked = [option for option in options if option.startswith("-Wl,")]
    flags = [*STRICT, *SANITIZERS, *(option for option in options if option.startswith("-D"))]
    objects = compiled_objects("gcc", [*flags, f"-I{folder}", *APPLICATION_INCLUDES], sources)
    program = folder / "app"
    subprocess.run(["gcc", *SANITIZERS, *linked, *objects, "-o", program], check=True)
    return program


def talk(program: Path, said: bytes, env: dict[str, str] | None = None) -> list[Line]:
    """Sends bytes to the program, closes its input, returns its output; a sanitizer's report fails the test."""
    done = subprocess.run([program], input=said, capture_output=True, timeout=600, check=False, env=env or {})
    assert done.returncode == 0, done.stderr.decode()
    answers = done.stdout.decode("ascii").splitlines()
    for line in answers:
        assert is_of("device", line), f"{line!r} is not in docs/reference/serial_protocol.md"
    return [parse_line(line) for line in answers]


def sound(seconds: float, seed: int = 1) -> np.ndarray:
    """Noise that is loud at times."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.choice([30, 8000], size=int(seconds * 4) + 1), 4000)
    samples: np.ndarray = (rng.standard_normal(loudness.size) * loudness).clip(-32768, 32767).astype(np.int16)
    return samples[: int(seconds * 16000)]


def summing_model(features: np.ndarray) -> np.ndarray:
    """tests/c/summing_engine.c in Python; C's remainder has the sign of the number."""
    total = int(features.astype(np.int64).sum())
    scores = [int(np.fmod(total * (n + 1), 100)) - 28 for n in range(len(LABELS))]
    scores[2] = 127 if total > 0 else -128
    return np.array(scores, np.int8)


def expected_lines(samples: np.ndarray, detector: DetectorSettings = DETECTOR) -> list[Line]:
    """The results of the same C driven by Python, with Python's copy of the engine."""
    listener = Listener(FRONTEND, detector, len(LABELS), summing_model)
    events = listener.feed(samples)
    lines: list[Line] = [
        Scores(event.time_ms, event.scores)
        if isinstance(event, Inference)
        else Heard(LABELS[event.label_index], event.score, event.time_ms)
        for event in events
    ]
    inferences = sum(isinstance(event, Inference) and not event.slept for event in events)
    return [*lines, ClipFigures(listener.features_crc32, listener.frames, inferences, 0, 0, 1234)]


def without_times(lines: list[Line]) -> list[Line]:
    lines = [dataclasses.replace(line, at_us=0) if isinstance(line, Status) else line for line in lines]
    return [
        dataclasses.replace(line, frontend_us=0, invoke_us=0) if isinstance(line, (ClipFigures, Status)) else line
        for line in lines
    ]
