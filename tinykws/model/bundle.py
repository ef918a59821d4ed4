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
      kind                  "recognize_commands" or "temporal_filter"
      threshold, word_thresholds    0 to 255; for all words, or one for each
      inference_stride_ms   time from one inference to the next
      suppression_ms        time after a detection without another one (recognize_commands: of the same word)
      average_window_ms, minimum_count    recognize_commands: smoothing window, and least number of scores in it
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
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio.files import write_wav
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import DETECTOR_KINDS, TEMPORAL_FILTER, DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import FIRST_WORD, SILENCE, UNKNOWN, Label
from tinykws.support.dataclass_reader import read_dataclass, require_in_range, require_one_of, with_current_names
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, write_json

FORMAT_VERSION = 3
"""2 added the detector's kind and golden clips that devices generate; 3 renamed detector settings. All are read."""
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
    """int8 [n_labels], the model's output."""
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
        require_one_of("origin", self.origin, ("trained", "imported"))
        names = [label.name for label in self.labels]
        if names[:FIRST_WORD] != [SILENCE, UNKNOWN] or len(names) <= FIRST_WORD or len(set(names)) < len(names):
            raise ConfigError(
                f"labels are {names}", hint=f"must be {SILENCE}, {UNKNOWN}, then at least one word, all different"
            )
        if self.input.size != math.prod(self.frontend.features_shape):
            raise ConfigError(
                f"the model's input {list(self.input.shape)} does not match the features {self.frontend.features_shape}"
            )
        if self.output.size != len(names):
            raise ConfigError(f"the model has {self.output.size} outputs, but the bundle has {len(names)} labels")
        _check_detector(self.detector, len(names) - FIRST_WORD)
        for clip in self.golden:
            if PurePosixPath(clip.file).is_absolute() or ".." in PurePosixPath(clip.file).parts:
                raise ConfigError(f"golden clip {clip.file!r} is outside the bundle")

    @property
    def self_test(self) -> GoldenClip | None:
        """The golden clip of a device's self-test at boot; None in bundles of format 1."""
        return next((clip for clip in self.golden if clip.seed is not None), None)

    @property
    def model_path(self) -> Path:
        """The .tflite file."""
        return self.path / MODEL_NAME

    @property
    def model_id(self) -> str:
        """First 12 hex digits of the SHA-256; a device prints them in its banner to identify its model."""
        return self.model_sha256[:12]

    def model_bytes(self) -> bytes:
        """Returns the .tflite. Raises ConfigError if it is not the model that bundle.json describes."""
        return _read_model(self.model_path, self.model_sha256)


def _check_detector(detector: DetectorSettings, n_words: int) -> None:
    """Raises ConfigError if the numbers of thresholds or weights do not match words and kind: C does not check them."""
    where = "detector: "
    require_one_of(where + "kind", detector.kind, DETECTOR_KINDS)
    n_weights = temporal_filter.N_WEIGHTS if detector.kind == TEMPORAL_FILTER else 0
    for name, counts in (("word_thresholds", (0, n_words)), ("filter_weights", (n_weights,))):
        values = getattr(detector, name)
        if len(values) not in counts:
            wanted = " or ".join(map(str, counts))
            raise ConfigError(f"{where}{name} has {len(values)} numbers, not {wanted}", hint=_MAKE_AGAIN)
    for weight in detector.filter_weights:
        require_in_range(
            where + "filter_weights", weight, -temporal_filter.LARGEST_WEIGHT, temporal_filter.LARGEST_WEIGHT
        )
    for threshold in detector.thresholds(n_words + FIRST_WORD):
        require_in_range(where + "threshold", threshold, 0, 255)
    require_in_range(where + "filter_shift", detector.filter_shift, 0, temporal_filter.LARGEST_SHIFT)


def load_bundle(path: Path) -> Bundle:
    """Reads and checks a bundle folder.

    Raises:
        ConfigError: the folder is missing or is not a bundle, has another format version, an unknown or missing key,
            a model that is missing or has another SHA-256, or a missing golden clip.
    """
    values = _read_json(path)
    where = f"bundle {path}"
    version = values.pop("format_version", None)
    if version in (1, 2):
        values = _upgraded(values, version)
    elif version != FORMAT_VERSION:
        raise ConfigError(
            f"{where} has format version {version!r}, but this version of tinykws reads 1 to {FORMAT_VERSION}",
            hint="make it again: tinykws quantize   (or use the version of tinykws that made it)",
        )
    try:
        bundle = read_dataclass(Bundle, {**values, "path": path})
        _refuse_missing_keys(values, to_json(bundle))
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}", hint=error.hint or _MAKE_AGAIN) from error
    bundle.model_bytes()
    for clip in bundle.golden:
        if not (path / clip.file).is_file():
            raise ConfigError(f"{where}: golden clip {clip.file} is missing", hint=_MAKE_AGAIN)
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
    return values


def sha256_hex(data: bytes) -> str:
    """Returns the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


_MAKE_AGAIN = "make the bundle again: tinykws quantize"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads((path / JSON_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no bundle in {path}", hint="make one: tinykws quantize   (a bundle is a folder with bundle.json)"
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"bundle {path}: {JSON_NAME} cannot be read: {error}", hint=_MAKE_AGAIN) from error
    if not isinstance(values, dict):
        raise ConfigError(f"bundle {path}: {JSON_NAME} is not a JSON object", hint=_MAKE_AGAIN)
    return values


def _read_model(path: Path, sha256: str) -> bytes:
    try:
        model = path.read_bytes()
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
