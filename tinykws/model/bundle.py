# SPDX-License-Identifier: Apache-2.0
"""The bundle: one folder in which the two halves of the pipeline meet, and by which a model is shared.

    model.tflite     the int8 model
    bundle.json      everything else that the device must do as training did: front-end, detector, labels, …
    golden/*.wav     a few clips whose features and scores every build of the pipeline must give

Left of the bundle TensorFlow is needed and no board; right of it a board's tool-chain and no TensorFlow.
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
from tinykws.support.dataclass_reader import in_range, one_of, read_dataclass, with_current_names
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, write_json

FORMAT_VERSION = 3
"""2 added the detector's kind and golden clips that the device makes; 3 renamed detector settings. All are read."""
MODEL_NAME = "model.tflite"
JSON_NAME = "bundle.json"
FLOAT_MODEL_KEY = "float_model_sha256"
"""In metrics: which model.keras a trained bundle was converted from."""


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """The model's input or output: int8 of `shape`; real value = scale * (int8 - zero_point)."""

    shape: tuple[int, ...]
    """Dimensions, the batch of 1 first."""
    scale: float
    """Real value of one step."""
    zero_point: int
    """The int8 value that stands for 0.0."""

    @property
    def size(self) -> int:
        """Elements, which are bytes."""
        return math.prod(self.shape)


@dataclasses.dataclass(frozen=True)
class GoldenClip:
    """A clip and what the pipeline must make of it, from a fresh start."""

    file: str
    """Relative to the bundle, with `/`."""
    label: str
    """What is said in it; empty where nobody told."""
    features_crc32: int
    """CRC-32 of the int8 features [n_frames, n_mels]."""
    scores: tuple[int, ...]
    """int8 [n_labels]."""
    seed: int | None = None
    """The chip makes this sound itself, from this seed, and tests itself with it at boot; None: a recording."""


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A bundle that was read and checked. Fields but `path` are bundle.json's keys."""

    path: Path
    """The bundle's folder."""
    model_sha256: str
    """SHA-256 of model.tflite, in hex."""
    origin: str
    """trained: by tinykws; imported: a .tflite from elsewhere."""
    labels: tuple[Label, ...]
    """In the order of the model's outputs: silence, unknown, then the words."""
    frontend: FrontendSettings
    detector: DetectorSettings
    input: TensorInfo
    output: TensorInfo
    ops: tuple[str, ...]
    """As the TFLite schema names them, each once, in order of first use."""
    arena_bytes: int
    """Size of TFLite Micro's tensor arena in which the model runs on the host."""
    arena_measured_by: str
    """The interpreter that measured it, with its version."""
    metrics: dict[str, Any]
    """Accuracies of the float and int8 model by split; empty for an imported model."""
    tools: dict[str, Any]
    """Versions of what made it."""
    golden: tuple[GoldenClip, ...]

    def __post_init__(self) -> None:
        one_of("origin", self.origin, ("trained", "imported"))
        names = [label.name for label in self.labels]
        if names[:FIRST_WORD] != [SILENCE, UNKNOWN] or len(names) <= FIRST_WORD or len(set(names)) < len(names):
            raise ConfigError(f"labels are {names}", hint=f"{SILENCE}, {UNKNOWN}, then at least one word, each once")
        if self.input.size != math.prod(self.frontend.features_shape):
            raise ConfigError(
                f"the model's input {list(self.input.shape)} does not hold {self.frontend.features_shape}"
            )
        if self.output.size != len(names):
            raise ConfigError(f"the model has {self.output.size} outputs for {len(names)} labels")
        _check_detector(self.detector, len(names) - FIRST_WORD)
        for clip in self.golden:
            if PurePosixPath(clip.file).is_absolute() or ".." in PurePosixPath(clip.file).parts:
                raise ConfigError(f"golden clip {clip.file!r} is outside the bundle")

    @property
    def self_test(self) -> GoldenClip | None:
        """The clip by which a device tests itself at boot; None in bundles from before there was one."""
        return next((clip for clip in self.golden if clip.seed is not None), None)

    @property
    def model_path(self) -> Path:
        """The .tflite file."""
        return self.path / MODEL_NAME

    @property
    def model_id(self) -> str:
        """Twelve hex digits that a device says in its banner to show which model it runs."""
        return self.model_sha256[:12]

    def model_bytes(self) -> bytes:
        """Returns the .tflite. Raises ConfigError where it is no longer the model that bundle.json describes."""
        return _read_model(self.model_path, self.model_sha256)


def _check_detector(detector: DetectorSettings, n_words: int) -> None:
    """Raises ConfigError where thresholds or weights do not fit words and kind: C reads as many as it is told."""
    where = "detector: "
    one_of(where + "kind", detector.kind, DETECTOR_KINDS)
    n_weights = temporal_filter.N_WEIGHTS if detector.kind == TEMPORAL_FILTER else 0
    for name, counts in (("word_thresholds", (0, n_words)), ("filter_weights", (n_weights,))):
        values = getattr(detector, name)
        if len(values) not in counts:
            wanted = " or ".join(map(str, counts))
            raise ConfigError(f"{where}{name} has {len(values)} numbers, not {wanted}", hint=_MAKE_AGAIN)
    for weight in detector.filter_weights:
        in_range(where + "filter_weights", weight, -temporal_filter.LARGEST_WEIGHT, temporal_filter.LARGEST_WEIGHT)
    for threshold in detector.thresholds(n_words + FIRST_WORD):
        in_range(where + "threshold", threshold, 0, 255)
    in_range(where + "filter_shift", detector.filter_shift, 0, temporal_filter.LARGEST_SHIFT)


def load_bundle(path: Path) -> Bundle:
    """Reads and checks a bundle folder.

    Raises:
        ConfigError: missing, no bundle, another format version, a key too many or too few, a model or golden clip
            that is missing or not the one described.
    """
    values = _read_json(path)
    where = f"bundle {path}"
    version = values.pop("format_version", None)
    if version in (1, 2):
        values = _upgraded(values, version)
    elif version != FORMAT_VERSION:
        raise ConfigError(
            f"{where} has format version {version!r}, this tinykws reads {FORMAT_VERSION}",
            hint="make it again: tinykws quantize   (or use the tinykws that made it)",
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
    """Writes the folder `bundle.path`, whole or not at all, and returns the bundle as read back.

    Args:
        bundle: what goes into bundle.json; its model_sha256 is that of `model`.
        model: the .tflite.
        clips: samples int16 [n] of each golden clip, by its `file`.
    """
    with replacing_folder(bundle.path) as folder:
        (folder / MODEL_NAME).write_bytes(model)
        for clip in bundle.golden:
            (folder / clip.file).parent.mkdir(exist_ok=True)
            write_wav(folder / clip.file, clips[clip.file], bundle.frontend.sample_rate_hz)
        write_json(folder / JSON_NAME, {"format_version": FORMAT_VERSION, **to_json(bundle)})
    return load_bundle(bundle.path)


def to_json(bundle: Bundle) -> dict[str, Any]:
    """Returns the bundle's fields as JSON has them, without its path."""
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
        raise ConfigError(f"bundle {path}: {JSON_NAME} holds no keys", hint=_MAKE_AGAIN)
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
    """Returns the keys of an older format with the current names; keys it lacks get the values it implied."""
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
    """Defaults are for kws.yaml: a bundle without a key would mean something else to the next version."""
    if isinstance(expected, dict) and isinstance(values, dict):
        for key, inner in expected.items():
            if key not in values:
                raise ConfigError(f"key {where + key!r} is missing")
            _refuse_missing_keys(values[key], inner, f"{where}{key}: ")
