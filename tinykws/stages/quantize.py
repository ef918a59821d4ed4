"""quantize: model.keras, or a .tflite from elsewhere, becomes a bundle.

Reads build/model/ and build/dataset/; writes build/bundle/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws import __version__, model_guards
from tinykws.aot.reader import read_model
from tinykws.audio import fit_length, read_audio
from tinykws.bundle import Bundle, GoldenClip, sha256_hex, write_bundle
from tinykws.config import DetectorSettings
from tinykws.doors.interpreter import VERSION as INTERPRETER_VERSION
from tinykws.doors.interpreter import Interpreter
from tinykws.errors import ConfigError
from tinykws.features import features_crc32, features_of_clip
from tinykws.frontend import FrontendSettings
from tinykws.labels import RESERVED, SILENCE, UNKNOWN, Label, labels_of_words

Samples = npt.NDArray[np.int16]
LabelledClip = tuple[str, Samples]
"""What is said (a label, or empty) and the samples."""


def import_model(tflite_path: Path, label_names: Sequence[str], out_dir: Path, clips: Sequence[Path] = ()) -> Bundle:
    """Makes a bundle of a .tflite that was trained elsewhere on the default front-end's features.

    Args:
        tflite_path: the int8 model.
        label_names: one for each output, in order; `silence` and `unknown` come first.
        out_dir: the bundle's folder; replaced.
        clips: recordings to travel in the bundle with the scores this model gives them. A clip's label is its
            folder's name, or what its file name begins with (`yes_1000ms.wav`).

    Raises:
        ConfigError: no such file; no .tflite, damaged, float; input, output or labels that do not fit.
    """
    labels = _imported_labels(label_names)
    golden = _read_clips(clips, labels, FrontendSettings())
    try:
        model = tflite_path.read_bytes()
        return _make_bundle(
            out_dir,
            model,
            labels,
            frontend=FrontendSettings(),
            detector=DetectorSettings(),
            clips=golden,
            origin="imported",
        )
    except OSError as error:
        raise ConfigError(f"cannot read {tflite_path}: {error.strerror}") from error
    except ConfigError as error:
        raise ConfigError(f"{tflite_path}: {error.message}", hint=error.hint) from error


def _make_bundle(
    out_dir: Path,
    model: bytes,
    labels: tuple[Label, ...],
    *,
    frontend: FrontendSettings,
    detector: DetectorSettings,
    clips: Sequence[LabelledClip],
    origin: str,
    metrics: Mapping[str, Any] | None = None,
    tools: Mapping[str, str] | None = None,
) -> Bundle:
    graph = read_model(model)
    input_info = model_guards.check_input(graph, frontend)
    output_info = model_guards.check_output(graph, len(labels))
    interpreter = Interpreter(model)
    golden = [_golden_clip(n, label, samples, frontend, interpreter) for n, (label, samples) in enumerate(clips)]
    bundle = Bundle(
        path=out_dir,
        model_sha256=sha256_hex(model),
        origin=origin,
        labels=labels,
        frontend=frontend,
        detector=detector,
        input=input_info,
        output=output_info,
        ops=model_guards.op_names(graph),
        arena_bytes=interpreter.arena_bytes,
        arena_measured_by=f"tflite-micro {INTERPRETER_VERSION}",
        metrics=dict(metrics or {}),
        tools={"tinykws": __version__, "tflite-micro": INTERPRETER_VERSION, **(tools or {})},
        golden=tuple(golden),
    )
    samples_by_file = {clip.file: samples for clip, (_, samples) in zip(golden, clips, strict=True)}
    return write_bundle(bundle, model, samples_by_file)


def _golden_clip(
    number: int, label: str, samples: Samples, frontend: FrontendSettings, interpreter: Interpreter
) -> GoldenClip:
    features = features_of_clip(samples, frontend)
    scores = interpreter.invoke(features.ravel())
    return GoldenClip(
        file=f"golden/{number}_{label.strip('_') or 'clip'}.wav",
        label=label,
        features_crc32=features_crc32(features),
        scores=tuple(int(score) for score in scores),
    )


def _imported_labels(names: Sequence[str]) -> tuple[Label, ...]:
    reserved = {label.strip("_"): label for label in RESERVED}
    first = [reserved.get(name.strip(), name.strip()) for name in names[:2]]
    if first != [SILENCE, UNKNOWN]:
        raise ConfigError(
            f"the labels begin with {', '.join(names[:2])}",
            hint="a model's first two outputs must be silence and unknown: --labels silence,unknown,yes,no",
        )
    return labels_of_words(names[2:])


def _read_clips(paths: Sequence[Path], labels: Sequence[Label], frontend: FrontendSettings) -> list[LabelledClip]:
    return [(_label_of_clip(path, labels), _clip_samples(path, frontend)) for path in paths]


def _clip_samples(path: Path, frontend: FrontendSettings) -> Samples:
    return fit_length(read_audio(path, frontend.sample_rate_hz).samples, frontend.clip_samples)


def _label_of_clip(path: Path, labels: Sequence[Label]) -> str:
    names = {name: label.name for label in labels for name in (label.name, label.name.strip("_"))}
    return names.get(path.resolve().parent.name) or names.get(path.stem.split("_")[0], "")
