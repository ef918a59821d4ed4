# SPDX-License-Identifier: Apache-2.0
"""The bundle: a folder with a model and everything that a device needs to run it exactly as it was trained.

    model.tflite     the int8 model
    bundle.json      settings and checks, see below
    golden/*.wav     test clips whose features and scores are known

It connects the two halves of the pipeline and is the form in which a model is shared: making a bundle needs TensorFlow
but no board, using one needs a board's toolchain but not TensorFlow.

Keys of bundle.json:

    format_version      version of this format, see FORMAT_VERSION
    model_sha256        SHA-256 of model.tflite in hex
    origin              "trained" by tinykws, or "imported" from another .tflite
    labels              name (for machines) and text of each model output: silence, unknown, then the keywords
    frontend            settings of the front-end, see FrontendSettings
      sample_rate_hz        sample rate of the audio
      window_ms, stride_ms  length of the analysis window, and time from one frame of features to the next
      clip_ms               length of audio in one model input
      n_mels, lower_hz, upper_hz                          mel channels and their range of frequencies
      smoothing_bits, even_smoothing, odd_smoothing, min_signal_remaining     noise reduction
      pcan_strength, pcan_offset, pcan_gain_bits          per-channel amplitude normalization
      log_scale_shift       scale of the logarithm
      tables                whose rounding the tables follow: "tensorflow" or "c_library"
    detector            settings of the detector, see DetectorSettings
      kind                  "recognize_commands", "temporal_filter" or "sliding_mean"
      threshold, word_thresholds    0 to 255; for all words, or one for each
      inference_stride_ms   time from one inference to the next
      suppression_ms        time after a detection without another one (recognize_commands: of the same word)
      average_window_ms, minimum_count    recognize_commands: smoothing window, and least number of scores in it
      grammar               words that are heard only for a while after another: numbers of both labels, window_ms; only
                            if there is one
      gate_db               decibels above the room's noise below which the model sleeps; only if there is a gate
      filter_weights, filter_bias, filter_shift    temporal_filter: integer weights, bias, and right shift of the sum
    input, output       shape, scale and zero_point of the model's int8 input and output
    ops                 operators of the model, named as in the TFLite schema
    arena_bytes         size of the tensor arena for TFLite Micro
    arena_measured_by   what measured arena_bytes
    metrics             accuracies of the float and the int8 model by split; float_model_sha256
    tools               versions of the software that made the bundle
    golden              for each golden clip: file, label, features_crc32, scores, and the seed of a generated clip
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio.files import write_wav
from tinykws.model.bundle_checks import (
    MAX_JSON_BYTES,
    MAX_MODEL_BYTES,
    check_golden_files,
    check_model,
    check_values,
    read_inside,
)
from tinykws.model.identity import identity_of
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import Label
from tinykws.support.dataclass_reader import read_dataclass, with_current_names
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, write_json
from tinykws.support.json_text import parse_json

FORMAT_VERSION = 3
"""2 added the detector's kind and golden clips that devices generate; 3 renamed detector settings. All are read."""
STREAMING_GOLDEN_MS = 1000
"""Length of a golden clip of a model that keeps state, whose input is a few frames."""
MODEL_NAME = "model.tflite"
JSON_NAME = "bundle.json"
FLOAT_MODEL_KEY = "float_model_sha256"
"""Key in metrics: SHA-256 of the model.keras that a trained bundle was converted from."""


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """The model's input or output, int8 of `shape`; real value = scale * (int8 - zero_point)."""

    shape: tuple[int, ...]
    """Dimensions, the batch of 1 first."""
    scale: float
    """Real value of one step."""
    zero_point: int
    """The int8 value that stands for 0.0."""

    @property
    def size(self) -> int:
        """Number of elements, which is also the number of bytes."""
        return math.prod(self.shape)


@dataclasses.dataclass(frozen=True)
class GoldenClip:
    """A clip with the features and scores that every build of the pipeline must give for it, starting from a reset."""

    file: str
    """Path relative to the bundle, with `/`."""
    label: str
    """Label of the clip; empty if not known."""
    features_crc32: int
    """CRC-32 of the int8 features [n_frames, n_mels]."""
    scores: tuple[int, ...]
    """int8 [n_labels], the model's output; of a model that keeps state, for the end of the clip."""
    seed: int | None = None
    """Seed from which the chip generates this clip, for its self-test at boot; None for a recording."""


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A bundle that was read and checked. All fields but `path` are the keys of bundle.json."""

    path: Path
    """The bundle's folder."""
    model_sha256: str
    """SHA-256 of model.tflite in hex."""
    origin: str
    """trained: trained by tinykws; imported: made from another .tflite."""
    labels: tuple[Label, ...]
    """In the order of the model's outputs: silence, unknown, then the keywords."""
    frontend: FrontendSettings
    detector: DetectorSettings
    input: TensorInfo
    output: TensorInfo
    ops: tuple[str, ...]
    """Operator names of the TFLite schema, each once, in order of first use."""
    arena_bytes: int
    """Size of the tensor arena that TFLite Micro needs for the model."""
    arena_measured_by: str
    """What measured it, with its version."""
    metrics: dict[str, Any]
    """Accuracy of the float and the int8 model by split; empty for an imported model."""
    tools: dict[str, Any]
    """Versions of the software that made the bundle."""
    golden: tuple[GoldenClip, ...]

    def __post_init__(self) -> None:
        check_values(self)

    @property
    def self_test(self) -> GoldenClip | None:
        """The golden clip of a device's self-test at boot; None in bundles of format 1."""
        return next((clip for clip in self.golden if clip.seed is not None), None)

    @property
    def self_test_inferences(self) -> int:
        """Inferences of a golden clip: one, or of a model that keeps state those of a second."""
        return golden_inferences(self.detector)

    @property
    def golden_samples(self) -> int:
        """Samples of a golden clip."""
        return golden_samples(self.frontend, self.detector)

    @property
    def model_path(self) -> Path:
        """The .tflite file."""
        return self.path / MODEL_NAME

    @property
    def model_id(self) -> str:
        """First 12 hex digits of the model's SHA-256; a device prints them in its banner."""
        return self.model_sha256[:12]

    @property
    def identity(self) -> str:
        """Hashes of front-end, detector, labels and model; a device prints them in its banner, too (identity.py)."""
        return identity_of(self)

    def model_bytes(self) -> bytes:
        """Returns the .tflite. Raises ConfigError if it is not the model that bundle.json describes."""
        return _read_model(self.path, self.model_sha256)


def golden_inferences(detector: DetectorSettings) -> int:
    """Returns the inferences of a golden clip."""
    return -(-STREAMING_GOLDEN_MS // detector.inference_stride_ms) if detector.is_streaming else 1


def golden_samples(frontend: FrontendSettings, detector: DetectorSettings) -> int:
    """Returns the samples of a golden clip: one model input, and of a model that keeps state the next ones."""
    more_ms = (golden_inferences(detector) - 1) * detector.inference_stride_ms
    return frontend.clip_samples + more_ms * frontend.sample_rate_hz // 1000


def load_bundle(path: Path) -> Bundle:
    """Reads and checks a bundle folder.

    Raises:
        ConfigError: the folder is missing or is not a bundle, has another format version, an unknown or missing key, a
            value beyond its limits (bundle_checks.py), a model that is missing, has another SHA-256 or is not what
            bundle.json says, or a missing golden clip.
    """
    where = f"bundle {path}"
    values = _read_json(path)
    version = values.pop("format_version", None)
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise ConfigError(
            f"{where} has format version {shortened(repr(version))}, but this version of tinykws reads 1 to"
            f" {FORMAT_VERSION}",
            hint="make it again: tinykws quantize   (or use the version of tinykws that made it)",
        )
    if version < FORMAT_VERSION:
        values = _upgraded(values, version)
    try:
        if "path" in values:
            raise ConfigError("unknown key 'path'")
        bundle = read_dataclass(Bundle, {**values, "path": path})
        _refuse_missing_keys(values, to_json(bundle))
        check_model(bundle, bundle.model_bytes())
        check_golden_files(bundle)
    except ConfigError as error:
        message = error.message if error.message.startswith(str(path)) else f"{where}: {error.message}"
        raise ConfigError(shortened(message, len(where)), hint=shortened(error.hint or _MAKE_AGAIN)) from error
    return bundle


def write_bundle(bundle: Bundle, model: bytes, clips: Mapping[str, npt.NDArray[np.int16]]) -> Bundle:
    """Writes the folder `bundle.path`, completely or not at all, and returns the bundle as read back.

    Args:
        bundle: the content of bundle.json; model_sha256 must be the SHA-256 of `model`.
        model: the .tflite file.
        clips: samples of each golden clip, int16 [n], by its `file`.
    """
    with replacing_folder(bundle.path) as folder:
        (folder / MODEL_NAME).write_bytes(model)
        for clip in bundle.golden:
            (folder / clip.file).parent.mkdir(exist_ok=True)
            write_wav(folder / clip.file, clips[clip.file], bundle.frontend.sample_rate_hz)
        write_json(folder / JSON_NAME, {"format_version": FORMAT_VERSION, **to_json(bundle)})
    return load_bundle(bundle.path)


def to_json(bundle: Bundle) -> dict[str, Any]:
    """Returns the content of bundle.json without format_version: all fields but the path."""
    values = dataclasses.asdict(dataclasses.replace(bundle, path=Path()))
    del values["path"]
    values = json.loads(json.dumps(values))
    assert isinstance(values, dict)
    if not bundle.detector.grammar:
        del values["detector"]["grammar"]  # as before there were any: the same bytes
    if not bundle.detector.gate_db:
        del values["detector"]["gate_db"]
    return values


def sha256_hex(data: bytes) -> str:
    """Returns the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


_MAKE_AGAIN = "make the bundle again: tinykws quantize"


def shortened(text: str, more: int = 0) -> str:
    """Returns a text for people; of a long one, which a stranger wrote, the beginning."""
    most = 400 + more
    return text if len(text) <= most else f"{text[:most]}..."


def _read_json(path: Path) -> dict[str, Any]:
    where = f"bundle {path}: "
    try:
        values = parse_json(read_inside(path, JSON_NAME, MAX_JSON_BYTES).decode())
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no bundle in {path}", hint="make one: tinykws quantize   (a bundle is a folder with bundle.json)"
        ) from error
    except ConfigError as error:
        raise ConfigError(where + error.message, hint=_MAKE_AGAIN) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{where}{JSON_NAME} cannot be read: {shortened(str(error))}", hint=_MAKE_AGAIN) from error
    if not isinstance(values, dict):
        raise ConfigError(f"{where}{JSON_NAME} is not a JSON object", hint=_MAKE_AGAIN)
    return values


def _read_model(folder: Path, sha256: str) -> bytes:
    path = folder / MODEL_NAME
    try:
        model = read_inside(folder, MODEL_NAME, MAX_MODEL_BYTES)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", hint=_MAKE_AGAIN) from error
    if sha256_hex(model) != sha256:
        raise ConfigError(f"{path} is not the model that {JSON_NAME} describes: its SHA-256 differs", hint=_MAKE_AGAIN)
    return model


def _upgraded(values: dict[str, Any], version: int) -> dict[str, Any]:
    """Returns the keys of an older format under their current names; keys it lacks get the values it implied."""
    detector, golden = values.get("detector"), values.get("golden")
    if isinstance(detector, dict):
        detector, _ = with_current_names(DetectorSettings, detector)
        values["detector"] = {**(_absent_in_format_1() if version == 1 else {}), **detector}
    if version == 1 and isinstance(golden, list):
        values["golden"] = [{"seed": None, **clip} if isinstance(clip, dict) else clip for clip in golden]
    return values


def _absent_in_format_1() -> dict[str, Any]:
    names = ("kind", "word_thresholds", "filter_weights", "filter_bias", "filter_shift")
    return {name: getattr(DetectorSettings(), name) for name in names}


def _refuse_missing_keys(values: Any, expected: Any, where: str = "") -> None:
    """Raises ConfigError for a missing key: with defaults, a bundle would change its meaning when a default changes."""
    if isinstance(expected, dict) and isinstance(values, dict):
        for key, inner in expected.items():
            if key not in values:
                raise ConfigError(f"key {where + key!r} is missing")
            _refuse_missing_keys(values[key], inner, f"{where}{key}: ")
