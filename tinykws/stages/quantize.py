# SPDX-License-Identifier: Apache-2.0
"""quantize: converts model.keras to int8, or imports a .tflite from elsewhere, and writes a bundle.

Reads build/model/model.keras and build/dataset/; writes build/quantized/. tune makes build/bundle/ from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws import __version__
from tinykws.aot.lowering.label_scores import gives_one_probability
from tinykws.aot.reader.tflite import read_model
from tinykws.audio.files import read_audio
from tinykws.audio.samples import fit_length
from tinykws.cost.architecture_cost import broken_limits
from tinykws.evaluation.scoring import Score, score
from tinykws.model import validation
from tinykws.model.bundle import FLOAT_MODEL_KEY, Bundle, GoldenClip, golden_samples, sha256_hex, write_bundle
from tinykws.model.converter import convert
from tinykws.model.input_scale import ROUNDING, check_score_change, input_error, score_change
from tinykws.model.interpreter import Interpreter, arena_measured_by, tool_versions
from tinykws.model.model_file import read_model_file
from tinykws.model.own_models import remember
from tinykws.model.self_test_signal import SEEDS, golden_clip, golden_signal
from tinykws.model.tflm_interpreter import is_installed as tflm_is_installed
from tinykws.model.wake_manifest import read_manifest
from tinykws.native.features import Features, Samples, features_crc32, features_of_clip
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FEATURE_SCALE, FrontendSettings
from tinykws.project.grammar import GrammarRule, check_windows, deployed_grammar
from tinykws.project.labels import FIRST_WORD, RESERVED, SILENCE, UNKNOWN, Label, labels_of_words
from tinykws.project.layout import Project
from tinykws.project.model_settings import ModelSettings
from tinykws.support.errors import ConfigError
from tinykws.support.files import sha256_of_file
from tinykws.support.freshness import StageFiles
from tinykws.support.progress import SILENT, Progress
from tinykws.training.keras_network import KERAS_VERSION, TENSORFLOW_VERSION, Network
from tinykws.training_data.dataset import Dataset

CALIBRATION_CLIPS = 100
"""Number of training clips per label that calibrate the ranges of activations."""

LARGEST_LOSS = 0.005
"""Largest expected loss of accuracy from float to int8, as a share of the clips."""
LOST_BY_ROUNDING = 2
"""Clips close to the decision boundary that rounding may move across it; half a point of a small split."""

LabelledClip = tuple[str, Samples]
"""The label (or empty) and the samples, int16 [n]."""


def stage_files(project: Project) -> StageFiles:
    """Returns the settings and files that quantize reads, and the folder that it writes."""
    settings = {"limits": dataclasses.asdict(project.config.model), "texts": list(project.config.words)}
    reads = [project.dataset_dir, project.float_model_path]
    return StageFiles(settings, reads=reads, writes=[project.quantized_dir])


def quantize(project: Project, *, progress: Progress = SILENT) -> Bundle:
    """Converts the project's trained network to int8 and writes its bundle.

    Activation ranges are calibrated on training clips. The same model and dataset give the same bytes.

    Raises:
        ConfigError: no trained model, no dataset, or a model that does not match it, that cannot run on a chip, or that
            exceeds the limits of kws.yaml.
        ToolError: the converter failed, or its network needs tflite-micro, which is missing.
    """
    dataset = Dataset.load(project.dataset_dir)
    network = Network.load(project.float_model_path)
    float_digest = sha256_of_file(project.float_model_path)
    model = convert(network, _calibration_features(dataset))
    remember(model)
    graph = read_model(model)
    validation.check_ops(graph)
    validation.check_dense_per_tensor(graph)
    bundle, samples = _make_bundle(
        project.quantized_dir,
        model,
        project.config.labels,
        frontend=dataset.frontend,
        detector=project.config.detector.as_given(project.config.words),
        clips=_golden_clips(dataset),
        origin="trained",
        metrics={FLOAT_MODEL_KEY: float_digest, **_metrics(network, model, dataset)},
        tools={"tensorflow": TENSORFLOW_VERSION, "keras": KERAS_VERSION},
    )
    _refuse_excess(network, model, bundle, project.config.model)
    for loss in losses_in_words(bundle.metrics):
        progress.say(loss)
    return write_bundle(bundle, model, samples)


def _refuse_excess(network: Network, model: bytes, bundle: Bundle, limits: ModelSettings) -> None:
    """Checks the limits of kws.yaml again: they may have changed since training."""
    broken = broken_limits(limits, tflite_bytes=len(model), macs=network.cost.macs, arena_bytes=bundle.arena_bytes)
    if broken:
        raise ConfigError(
            f"the network takes {'; '.join(broken)}", hint="to see which architectures fit: tinykws architectures"
        )


def losses_in_words(metrics: Mapping[str, Any]) -> list[str]:
    """Returns a warning for each split on which int8 lost more accuracy than rounding explains.

    Args:
        metrics: the metrics of a bundle: for each split the number of clips, and the accuracy of float and int8.
    """
    words = []
    for split in ("validation", "testing"):
        figures = metrics.get(split)
        if figures is None:
            continue
        loss = figures["float"]["accuracy"] - figures["int8"]["accuracy"]
        if round(loss * figures["clips"]) > max(LARGEST_LOSS * figures["clips"], LOST_BY_ROUNDING):
            words.append(
                f"int8 lost {100 * loss:.1f} percentage points of accuracy on the {split} clips; another seed or more"
                " epochs may give a network that loses less"
            )
    return words


def import_model(
    tflite_path: Path,
    label_names: Sequence[str],
    out_dir: Path,
    clips: Sequence[Path] = (),
    *,
    frontend: FrontendSettings | None = None,
    grammar: Sequence[GrammarRule] = (),
    gate_db: int = 0,
    progress: Progress = SILENT,
) -> Bundle:
    """Makes a bundle from a .tflite that was trained elsewhere on features of the front-end.

    Args:
        tflite_path: the int8 model; also as a C array.
        label_names: one for each output, in order; `silence` and `unknown` come first.
        out_dir: the bundle's folder; it is replaced.
        clips: recordings to include in the bundle with the scores that this model gives them. A clip's label is the
            name of its folder, or the beginning of its file name (`yes_1000ms.wav`).
        frontend: the front-end with which it was trained; None: the default one.
        grammar: which words are heard only after which, as in kws.yaml.
        gate_db: how much louder than the room a sound must be to wake the model; 0: the model always runs.
        progress: told what an input scale that is not exactly the front-end's does.

    Raises:
        ConfigError: the file does not exist, or is not an undamaged int8 .tflite; or its input, output or labels do not
            match; or the grammar does not fit the labels.
    """
    labels = _imported_labels(label_names)
    frontend = frontend or FrontendSettings()
    detector = _with_grammar(dataclasses.replace(_detector_for(frontend), gate_db=gate_db), grammar, labels)
    golden = _read_clips(clips, labels, frontend, frontend.clip_samples)
    model = read_model_file(tflite_path)
    try:
        bundle, samples = _make_bundle(
            out_dir,
            model,
            labels,
            frontend=frontend,
            detector=detector,
            clips=golden,
            origin="imported",
            progress=progress,
        )
    except ConfigError as error:
        raise ConfigError(f"{tflite_path}: {error.message}", hint=error.hint) from error
    return write_bundle(bundle, model, samples)


def import_wake_model(manifest_path: Path, out_dir: Path, clips: Sequence[Path] = ()) -> Bundle:
    """Makes a bundle from a microWakeWord manifest and the streaming .tflite beside it.

    Front-end and detector are ESPHome's, with the manifest's numbers; the bundle's word is its wake word.

    Args:
        manifest_path: the manifest, version 2.
        out_dir: the bundle's folder; it is replaced.
        clips: recordings to include in the bundle with the scores that the model gives at their end.

    Raises:
        ConfigError: the manifest or the model is missing, damaged, or not of a streaming wake word model that the aot
            engine can run.
    """
    manifest = read_manifest(manifest_path)
    model, labels = manifest.model_bytes(), manifest.labels
    try:
        graph = read_model(model)
        if not gives_one_probability(graph):
            raise ConfigError(
                f"the model keeps {'state' if graph.variables else 'no state'} and has the output"
                f" {list(graph.output.shape)}; a streaming wake word model keeps state and gives one probability"
            )
        frontend = manifest.frontend_for(graph)
        detector = manifest.detector_for(frontend)
        bundle, samples = _make_bundle(
            out_dir,
            model,
            labels,
            frontend=frontend,
            detector=detector,
            clips=_read_clips(clips, labels, frontend, golden_samples(frontend, detector)),
            origin="imported",
            arena_bytes=None if tflm_is_installed() else manifest.tensor_arena_bytes,
        )
    except ConfigError as error:
        raise ConfigError(f"{manifest_path}: {error.message}", hint=error.hint) from error
    return write_bundle(bundle, model, samples)


def _calibration_features(dataset: Dataset) -> Features:
    """Returns features of training clips, int8 [n, n_frames, n_mels]: equally many of each label, evenly spaced."""
    label_ids = np.asarray(dataset.label_ids("training"))
    chosen = [_evenly(np.flatnonzero(label_ids == at), CALIBRATION_CLIPS) for at in range(len(dataset.labels))]
    return np.asarray(dataset.features("training"))[np.concatenate(chosen)]


def _evenly(indexes: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    places = np.linspace(0, max(0, len(indexes) - 1), min(count, len(indexes)))
    return indexes[np.rint(places).astype(np.int64)]


def _golden_clips(dataset: Dataset) -> list[LabelledClip]:
    """Returns one clip of each label, from the first split that has one; the training split comes last."""
    return [clip for at in range(len(dataset.labels)) if (clip := _first_clip(dataset, at)) is not None]


def _first_clip(dataset: Dataset, label_id: int) -> LabelledClip | None:
    for split in ("validation", "testing", "training"):
        found = np.flatnonzero(np.asarray(dataset.label_ids(split)) == label_id)
        if len(found):
            return dataset.labels[label_id], np.array(dataset.clips(split)[found[0]])
    return None


def _metrics(network: Network, model: bytes, dataset: Dataset) -> dict[str, Any]:
    interpreter = Interpreter(model)
    metrics = {}
    for split in ("validation", "testing"):
        label_ids, features = np.asarray(dataset.label_ids(split)), dataset.features(split)
        if not len(label_ids):
            continue
        answers: dict[str, npt.NDArray[Any]] = {
            "float": network.probabilities(features),
            "int8": interpreter.invoke_all(features),
        }
        metrics[split] = {"clips": len(label_ids)} | {
            kind: _accuracy(score(label_ids, answer.argmax(axis=1), dataset.labels)) for kind, answer in answers.items()
        }
    return metrics


def _accuracy(figures: Score) -> dict[str, float]:
    return {"accuracy": figures.accuracy, "mean_recall": figures.mean_recall}


def _make_bundle(
    out_dir: Path,
    model: bytes,
    labels: tuple[Label, ...],
    *,
    frontend: FrontendSettings,
    detector: DetectorSettings,
    clips: Sequence[LabelledClip],
    origin: str,
    progress: Progress = SILENT,
    metrics: Mapping[str, Any] | None = None,
    tools: Mapping[str, str] | None = None,
    arena_bytes: int | None = None,
) -> tuple[Bundle, dict[str, Samples]]:
    """Returns the bundle to write, and the samples of its golden clips by file; refuses models that do not match."""
    graph = read_model(model)
    input_info = validation.check_input(graph, frontend)
    output_info = validation.check_output(graph, len(labels))
    interpreter = Interpreter(model)
    if not interpreter.keeps_state:  # those are given ESPHome's bytes, whatever their scale
        _check_scale(input_info.scale, frontend, interpreter, progress)
    golden = [_golden_clip(n, label, samples, frontend, interpreter) for n, (label, samples) in enumerate(clips)]
    self_test, sound = golden_clip(frontend, interpreter.scores_of_clip, detector)
    bundle = Bundle(
        path=out_dir,
        model_sha256=sha256_hex(model),
        origin=origin,
        labels=labels,
        frontend=frontend,
        detector=detector,
        input=input_info,
        output=output_info,
        ops=validation.op_names(graph),
        arena_bytes=arena_bytes or interpreter.arena_bytes,
        arena_measured_by="its manifest" if arena_bytes else arena_measured_by(),
        metrics=dict(metrics or {}),
        tools={"tinykws": __version__, **tool_versions(), **(tools or {})},
        golden=(*golden, self_test),
    )
    recorded = {clip.file: samples for clip, (_, samples) in zip(golden, clips, strict=True)}
    return bundle, {**recorded, self_test.file: sound}


def _check_scale(scale: float, frontend: FrontendSettings, interpreter: Interpreter, progress: Progress) -> None:
    """Refuses an input scale that changes the scores of the self-test's signals too much, and says what others do."""
    signals = (features_of_clip(golden_signal(seed, frontend.clip_samples), frontend) for seed in SEEDS)
    change = score_change(scale, signals, interpreter.invoke)
    check_score_change(change, scale)
    error = input_error(scale)
    if error > ROUNDING:
        progress.say(
            f"the input's scale differs from the front-end's by {scale / FEATURE_SCALE - 1:+.2%}, {error:.1f} int8"
            f" steps at full scale: scores of {len(SEEDS)} test signals change by {change:.1f} of 255 on average"
        )


def _detector_for(frontend: FrontendSettings) -> DetectorSettings:
    """Returns the default detector; the inference stride becomes a multiple of the front-end's, as C demands."""
    detector = DetectorSettings()
    strides = max(1, round(detector.inference_stride_ms / frontend.stride_ms))
    return dataclasses.replace(detector, inference_stride_ms=strides * frontend.stride_ms)


def _with_grammar(
    detector: DetectorSettings, grammar: Sequence[GrammarRule], labels: Sequence[Label]
) -> DetectorSettings:
    names = [label.text for label in labels]
    deployed = deployed_grammar(grammar, names[FIRST_WORD:])
    check_windows(deployed, names, detector.next_word_ms)
    return dataclasses.replace(detector, grammar=deployed)


def _golden_clip(
    number: int, label: str, samples: Samples, frontend: FrontendSettings, interpreter: Interpreter
) -> GoldenClip:
    features = features_of_clip(samples, frontend)
    scores = interpreter.scores_of_clip(features)
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
            f"the first two labels are {', '.join(names[:2])}",
            hint="a model's first two outputs must be silence and unknown: --labels silence,unknown,yes,no",
        )
    return labels_of_words(names[2:])


def _read_clips(
    paths: Sequence[Path], labels: Sequence[Label], frontend: FrontendSettings, length: int
) -> list[LabelledClip]:
    return [(_label_of_clip(path, labels), _clip_samples(path, frontend, length)) for path in paths]


def _clip_samples(path: Path, frontend: FrontendSettings, length: int) -> Samples:
    return fit_length(read_audio(path, frontend.sample_rate_hz).samples, length)


def _label_of_clip(path: Path, labels: Sequence[Label]) -> str:
    names = {name: label.name for label in labels for name in (label.name, label.name.strip("_"))}
    return names.get(path.resolve().parent.name) or names.get(path.stem.split("_")[0], "")
