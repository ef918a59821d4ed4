# SPDX-License-Identifier: Apache-2.0
"""Checks of a bundle from anywhere: everything in it is within the limits of the C, and belongs to its model.

Bundles are passed between strangers, and most of what is in one becomes C, Markdown, or text on a terminal. Every
value is checked here, once, when a bundle is made or read; whoever uses a Bundle relies on it. Limits of the C are
those of kws_frontend.h and kws_detector.h; firmware/src/kws_settings_checks.c asserts them again.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from tinykws.aot.lowering.label_scores import gives_one_probability
from tinykws.aot.reader.graph import Tensor
from tinykws.aot.reader.schema import BUILTIN_OPERATORS
from tinykws.aot.reader.tflite import read_model
from tinykws.native.frontend_tables import tables_for
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import (
    DETECTOR_KINDS,
    MOST_AVERAGE_WINDOW_MS,
    MOST_GATE_DB,
    MOST_MINIMUM_COUNT,
    MOST_SUPPRESSION_MS,
    TEMPORAL_FILTER,
    DetectorSettings,
)
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.grammar import check_grammar, check_windows
from tinykws.project.labels import FIRST_WORD, Label, check_labels
from tinykws.support.dataclass_reader import require_in_range, require_one_of
from tinykws.support.errors import ConfigError
from tinykws.support.escapes import is_plain_text
from tinykws.support.files import is_reserved_by_windows
from tinykws.support.json_text import MOST_DEPTH

if TYPE_CHECKING:
    from tinykws.model.bundle import Bundle, GoldenClip, TensorInfo

SAMPLE_RATE_HZ = 16_000
"""That of the serial protocol's audio and of every microphone port."""
MAX_MELS = 128
"""KWS_MAX_MELS of kws_frontend.h."""
MAX_DIMENSIONS = 8
MAX_INPUT_BYTES = 1 << 20
MAX_ARENA_BYTES = 1 << 26
MAX_GOLDEN_CLIPS = 1000
MAX_TEXT = 200
"""Characters of any text in a bundle."""
MAX_PATH = 100
MAX_ENTRIES = 1000
"""Keys or items in one object or list of `metrics` and `tools`."""

MAX_JSON_BYTES = 1 << 20
MAX_MODEL_BYTES = 1 << 24
MAX_CLIP_BYTES = 1 << 20

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_UINT32 = (0, 2**32 - 1)
_INT8 = (-128, 127)


# Files


def read_inside(folder: Path, name: str, most_bytes: int) -> bytes:
    """Returns the content of a bundle's file.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read.
        ConfigError: it is not a regular file, is longer than `most_bytes`, or a link leads out of the folder.
    """
    path = folder / name
    require_inside(folder, name)
    if path.exists() and not path.is_file():
        raise ConfigError(f"{name} is not a regular file")
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ConfigError(f"{name} has more than {most_bytes:,} bytes")
    return data


def require_inside(folder: Path, name: str) -> None:
    """Raises ConfigError if a name leads out of the bundle's folder, through a link for example."""
    try:
        inside = (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, a NUL
        raise ConfigError(f"{name!r} is not a file") from error
    if not inside:
        raise ConfigError(f"{name} is a link to a file outside the bundle")


def check_golden_files(bundle: Bundle) -> None:
    """Raises ConfigError if a golden clip is missing, outside the folder, or not a file of a clip's size."""
    for clip in bundle.golden:
        require_inside(bundle.path, clip.file)
        path = bundle.path / clip.file
        if not path.is_file():
            raise ConfigError(f"golden clip {clip.file} is missing")
        if path.stat().st_size > MAX_CLIP_BYTES:
            raise ConfigError(f"golden clip {clip.file} has more than {MAX_CLIP_BYTES:,} bytes")
        with path.open("rb") as file:
            beginning = file.read(12)
        if (beginning[:4], beginning[8:]) != (b"RIFF", b"WAVE"):
            raise ConfigError(f"golden clip {clip.file} is not a WAV file")


# Values


def check_values(bundle: Bundle) -> None:
    """Raises ConfigError if a value in bundle.json is outside its limits or does not match the others."""
    require_one_of("origin", bundle.origin, ("trained", "imported"))
    if not _SHA256.fullmatch(bundle.model_sha256):
        raise ConfigError(f"model_sha256 is {_shown(bundle.model_sha256)}, not 64 hex digits")
    _check_labels(bundle.labels)
    _check_frontend(bundle.frontend)
    _check_ends(bundle)
    _check_detector(bundle.detector, bundle.frontend, len(bundle.labels))
    names = [label.text for label in bundle.labels]
    check_grammar(bundle.detector.grammar, names)
    check_windows(bundle.detector.grammar, names, bundle.detector.next_word_ms)
    _check_ops(bundle.ops)
    require_in_range("arena_bytes", bundle.arena_bytes, 1, MAX_ARENA_BYTES)
    _check_text("arena_measured_by", bundle.arena_measured_by)
    _check_golden(bundle)
    for name, value in bundle.tools.items():
        _check_text("tools", name)
        _check_text(f"tools: {name}", value)
    _check_plain("metrics", bundle.metrics)


def _shown(value: object) -> str:
    """Returns a value as text for an error: in quotes if it is text, escaped, and not long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check_text(where: str, text: object) -> None:
    """Raises ConfigError unless it is text of visible characters and not long."""
    if not isinstance(text, str):
        raise ConfigError(f"{where} must be text, not {_shown(text)}")
    if len(text) > MAX_TEXT:
        raise ConfigError(f"{where} has {len(text):,} characters: {_shown(text)}", hint=f"{MAX_TEXT} are the most")
    if not is_plain_text(text):
        raise ConfigError(f"{where} has a control character, or one that changes the direction of text: {_shown(text)}")


def _require_finite(where: str, value: float) -> None:
    if not math.isfinite(value):
        raise ConfigError(f"{where} is {value}, not a finite number")


def _check_labels(labels: tuple[Label, ...]) -> None:
    for label in labels:
        _check_text(f"the text of label {_shown(label.name)}", label.text)
    check_labels(labels)


def _check_frontend(frontend: FrontendSettings) -> None:
    where = "frontend: "
    for name, value in frontend.to_dict().items():
        if isinstance(value, float):
            _require_finite(where + name, value)
    if frontend.sample_rate_hz != SAMPLE_RATE_HZ:
        raise ConfigError(f"{where}sample_rate_hz is {frontend.sample_rate_hz}, not {SAMPLE_RATE_HZ}")
    require_in_range(where + "n_mels", frontend.n_mels, 1, MAX_MELS)
    require_in_range(where + "smoothing_bits", frontend.smoothing_bits, 0, 31)
    require_in_range(where + "pcan_gain_bits", frontend.pcan_gain_bits, 0, 62)
    require_in_range(where + "log_scale_shift", frontend.log_scale_shift, 0, 31)
    for name in ("even_smoothing", "odd_smoothing", "min_signal_remaining"):
        require_in_range(where + name, getattr(frontend, name), 0, 1)
    require_in_range(where + "pcan_strength", frontend.pcan_strength, 0, 4)
    require_in_range(where + "pcan_offset", frontend.pcan_offset, 2**-20, 2**31)
    require_in_range(where + "lower_hz", frontend.lower_hz, 0, SAMPLE_RATE_HZ / 2 - 1)
    require_in_range(where + "upper_hz", frontend.upper_hz, frontend.lower_hz + 1, SAMPLE_RATE_HZ / 2)
    tables_for(frontend)  # refuses what does not fit the C's integers


def _check_ends(bundle: Bundle) -> None:
    """Checks the model's input and output against front-end and labels."""
    for name, info in (("input", bundle.input), ("output", bundle.output)):
        require_in_range(f"{name}: the number of dimensions", len(info.shape), 1, MAX_DIMENSIONS)
        for size in info.shape:
            require_in_range(f"{name}: shape", size, 1, MAX_INPUT_BYTES)
        require_in_range(f"{name}: the number of values", info.size, 1, MAX_INPUT_BYTES)
        require_in_range(f"{name}: zero_point", info.zero_point, *_INT8)
        require_in_range(f"{name}: scale", info.scale, 2.0**-40, 2.0**40)
    if bundle.input.size != math.prod(bundle.frontend.features_shape):
        raise ConfigError(
            f"the model's input {list(bundle.input.shape)} does not match the features {bundle.frontend.features_shape}"
        )
    outputs = 1 if bundle.detector.is_streaming else len(bundle.labels)
    if bundle.output.size != outputs:
        raise ConfigError(f"the model has {bundle.output.size} outputs, but the bundle has {len(bundle.labels)} labels")


def _check_detector(detector: DetectorSettings, frontend: FrontendSettings, n_labels: int) -> None:
    where = "detector: "
    require_one_of(where + "kind", detector.kind, DETECTOR_KINDS)
    stride_ms = detector.inference_stride_ms
    require_in_range(where + "inference_stride_ms", stride_ms, frontend.stride_ms, MOST_AVERAGE_WINDOW_MS)
    if stride_ms % frontend.stride_ms:
        raise ConfigError(
            f"{where}inference_stride_ms is {stride_ms}, not a multiple of the front-end's {frontend.stride_ms} ms"
        )
    require_in_range(where + "average_window_ms", detector.average_window_ms, stride_ms, MOST_AVERAGE_WINDOW_MS)
    require_in_range(where + "suppression_ms", detector.suppression_ms, 0, MOST_SUPPRESSION_MS)
    require_in_range(where + "minimum_count", detector.minimum_count, 1, MOST_MINIMUM_COUNT)
    require_in_range(where + "gate_db", detector.gate_db, 0, MOST_GATE_DB)
    _check_thresholds(detector, n_labels)
    _check_filter(detector)
    if detector.is_streaming:
        _check_streaming(detector, frontend, n_labels)


def _check_streaming(detector: DetectorSettings, frontend: FrontendSettings, n_labels: int) -> None:
    """Checks the detector of a streaming wake word model, which gets each frame once."""
    where, stride_ms = f"detector: {detector.kind}: ", detector.inference_stride_ms
    if n_labels != FIRST_WORD + 1:
        raise ConfigError(f"{where}the bundle has {n_labels - FIRST_WORD} words, not one")
    if stride_ms != frontend.n_frames * frontend.stride_ms:
        raise ConfigError(
            f"{where}inference_stride_ms is {stride_ms}; the model takes {frontend.n_frames} new frames of"
            f" {frontend.stride_ms} ms each time"
        )
    if detector.average_window_ms != detector.minimum_count * stride_ms:
        raise ConfigError(
            f"{where}average_window_ms is {detector.average_window_ms}, not that of {detector.minimum_count} scores"
        )
    if detector.gate_db or detector.grammar:
        raise ConfigError(f"{where}a model that keeps state has neither a gate nor a grammar")


def _check_thresholds(detector: DetectorSettings, n_labels: int) -> None:
    _require_count("word_thresholds", detector.word_thresholds, (0, n_labels - FIRST_WORD))
    for threshold in detector.thresholds(n_labels):
        require_in_range("detector: threshold", threshold, 0, 255)


def _check_filter(detector: DetectorSettings) -> None:
    is_filter = detector.kind == TEMPORAL_FILTER
    _require_count("filter_weights", detector.filter_weights, (temporal_filter.N_WEIGHTS if is_filter else 0,))
    largest, where = temporal_filter.LARGEST_WEIGHT, "detector: "
    for weight in detector.filter_weights:
        require_in_range(where + "filter_weights", weight, -largest, largest)
    bias = temporal_filter.LARGEST_BIAS
    require_in_range(where + "filter_bias", detector.filter_bias, -bias, bias)
    require_in_range(where + "filter_shift", detector.filter_shift, 0, temporal_filter.LARGEST_SHIFT)
    history = detector.average_window_ms // detector.inference_stride_ms + 1
    if detector.taps > history:
        raise ConfigError(
            f"{where}average_window_ms is {detector.average_window_ms}: {history} scores, but the filter needs"
            f" {detector.taps}"
        )


def _require_count(name: str, values: tuple[int, ...], counts: tuple[int, ...]) -> None:
    if len(values) not in counts:
        raise ConfigError(f"detector: {name} has {len(values)} numbers, not {' or '.join(map(str, counts))}")


def _check_ops(ops: tuple[str, ...]) -> None:
    for name in ops:
        if name not in BUILTIN_OPERATORS:
            raise ConfigError(f"ops: {_shown(name)} is not an operator of TFLite")
    if not ops or len(set(ops)) < len(ops):
        raise ConfigError(f"ops is {_shown(list(ops))}: each operator of the model must be there once")


def _check_golden(bundle: Bundle) -> None:
    require_in_range("the number of golden clips", len(bundle.golden), 0, MAX_GOLDEN_CLIPS)
    names = {label.name for label in bundle.labels}
    for clip in bundle.golden:
        _check_golden_name(clip.file)
        if clip.label and clip.label not in names:
            raise ConfigError(f"golden clip {clip.file} has the label {_shown(clip.label)}, which the model does not")
        _check_expected(clip, len(names))
    if sum(clip.seed is not None for clip in bundle.golden) > 1:
        raise ConfigError("two golden clips have a seed, but a device has one self-test")
    files = Counter(clip.file.casefold() for clip in bundle.golden)
    if files and files.most_common(1)[0][1] > 1:
        raise ConfigError(f"two golden clips are called {files.most_common(1)[0][0]}")


def _check_golden_name(name: str) -> None:
    """Raises ConfigError unless it is a path inside the bundle that every system can have."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise ConfigError(f"golden clip {_shown(name)} is outside the bundle")
    parts = name.removesuffix(".wav").split("/")
    usable = all(_FILE_PART.fullmatch(part) and not is_reserved_by_windows(part) for part in parts)
    if not usable or not name.endswith(".wav") or len(name) > MAX_PATH or len(parts) > 2:
        raise ConfigError(
            f"golden clip {_shown(name)} is not a usable file name",
            hint="use golden/NAME.wav, with letters, digits, _ and - in NAME",
        )


def _check_expected(clip: GoldenClip, n_labels: int) -> None:
    where = f"golden clip {clip.file}: "
    require_in_range(where + "features_crc32", clip.features_crc32, *_UINT32)
    if clip.seed is not None:
        require_in_range(where + "seed", clip.seed, *_UINT32)
    if len(clip.scores) != n_labels:
        raise ConfigError(f"{where}it has {len(clip.scores)} scores, but there are {n_labels} labels")
    for score in clip.scores:
        require_in_range(where + "scores", score, *_INT8)


def _check_plain(where: str, value: Any, depth: int = 0) -> None:
    """Checks values whose keys are open: text, finite numbers, and objects and lists of these."""
    if isinstance(value, str):
        _check_text(where, value)
    elif isinstance(value, float):
        _require_finite(where, value)
    elif isinstance(value, (dict, list, tuple)):
        if len(value) > MAX_ENTRIES or depth > MOST_DEPTH:
            raise ConfigError(f"{where} has {len(value):,} entries on level {depth}")
        for key, inner in _items(value):
            _check_text(where, key)
            _check_plain(f"{where}: {key}", inner, depth + 1)


def _items(value: dict[str, Any] | list[Any] | tuple[Any, ...]) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ((str(at), item) for at, item in enumerate(value))


# The model


def check_model(bundle: Bundle, model: bytes) -> None:
    """Raises ConfigError if bundle.json says something else about the model than the .tflite does."""
    graph = read_model(model)
    for name, info, tensor in (("input", bundle.input, graph.input), ("output", bundle.output, graph.output)):
        _compare_end(name, info, tensor)
    if bundle.detector.is_streaming != gives_one_probability(graph):
        raise ConfigError(
            f"the detector is {bundle.detector.kind}, but the model"
            f" {'keeps state' if graph.variables else 'is not a streaming wake word model'}"
        )
    ops = list(graph.op_names)
    if list(bundle.ops) != ops:
        raise ConfigError(f"ops is {_shown(list(bundle.ops))}, but the model's operators are {_shown(ops)}")


def _compare_end(name: str, info: TensorInfo, tensor: Tensor) -> None:
    for what, theirs, ours in (
        ("shape", list(info.shape), list(tensor.shape)),
        ("scale", np.float32(info.scale), np.float32(tensor.scale)),
        ("zero_point", info.zero_point, tensor.zero_point),
    ):
        if theirs != ours:
            raise ConfigError(f"{name}: {what} is {theirs}, but the model's is {ours}")
