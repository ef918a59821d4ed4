# SPDX-License-Identifier: Apache-2.0
"""export esphome: a bundle in, wake words for ESPHome's micro_wake_word out, each with its operating point.

Reads a bundle; with a project, also build/dataset/ and negatives/, on which cutoff and window are chosen and measured.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from tinykws import __version__
from tinykws.evaluation.sliding_mean import SlidingMean
from tinykws.evaluation.stream_set import (
    StreamSet,
    held_back_noise,
    plan_stream_set,
    project_negatives,
    uses_of_negatives,
)
from tinykws.exports.esphome.arena import arena_bytes
from tinykws.exports.esphome.guard import model_faults
from tinykws.exports.esphome.manifest import Manifest
from tinykws.exports.esphome.operating_point import OperatingPoint, operating_point, timing_of
from tinykws.exports.esphome.report import Material, report_json, report_markdown
from tinykws.exports.esphome.requirements import exportable_network
from tinykws.exports.esphome.streaming_model import StreamNetwork, streaming_tflite
from tinykws.exports.export_folder import DESCRIPTION, refuse_other_content
from tinykws.exports.library import Files
from tinykws.firmware_build.generated_tree import TreeChanges, write_tree
from tinykws.model.bundle import Bundle
from tinykws.project.labels import FIRST_WORD
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import TESTING, VALIDATION

FORM = "esphome"
REPORT_JSON, REPORT_MARKDOWN = "report.json", "report.md"


@dataclasses.dataclass(frozen=True)
class EsphomeRequest:
    """What a user says of an export."""

    author: str = "tinykws"
    rule: SlidingMean | None = None
    """Cutoff and window of all words; None: chosen on the project's clips and negatives."""
    arena_bytes: int | None = None
    """tensor_arena_size of all models; None: measured."""


@dataclasses.dataclass(frozen=True)
class WordExport:
    """One word's files."""

    word: str
    manifest: str
    model: str
    model_bytes: int
    arena_bytes: int
    probability_cutoff: float
    sliding_window_size: int
    measured: OperatingPoint | None
    """None if cutoff and window were given."""


@dataclasses.dataclass(frozen=True)
class EsphomeReport:
    """An export on disk."""

    form: str
    path: Path
    model_id: str
    stride_ms: int
    """Time from one inference to the next."""
    words: tuple[WordExport, ...]
    files: tuple[str, ...]
    changes: TreeChanges


def export_esphome(
    bundle: Bundle,
    folder: Path,
    *,
    project: Project | None,
    request: EsphomeRequest | None = None,
    progress: Progress = SILENT,
) -> EsphomeReport:
    """Writes each word's streaming model and manifest to a folder, and the report of their operating points.

    Args:
        bundle: the model.
        folder: made if it is not there; it may hold an earlier export of the same form.
        project: whose clips and negatives cutoffs are chosen on, with the same words; None: `request.rule` is needed.
        request: what the user says; None: all defaults.
        progress: shows progress, and is told what ESPHome leaves out.

    Raises:
        ConfigError: ESPHome cannot run the bundle's network or front-end, there are no clips to choose cutoffs on, or
            the folder holds something else.
        ToolError: tflite-micro, which measures the arena, is not installed.
    """
    request = request or EsphomeRequest()
    refuse_other_content(folder, FORM)
    network = exportable_network(bundle)
    _say_what_is_left_out(bundle, progress)
    words = range(FIRST_WORD, len(bundle.labels))
    models = {word: _checked_model(network, word, timing_of(bundle).stride) for word in words}
    arena = request.arena_bytes or max(arena_bytes(network, model) for model in models.values())
    points: dict[int, OperatingPoint] = {}
    files: Files = {}
    if request.rule is None:
        points, material = _operating_points(bundle, network, _measuring(project), progress)
        in_order = list(points.values())
        report = report_json(material, in_order, bundle.model_id)
        files[REPORT_JSON] = (json.dumps(report, indent=2) + "\n").encode()
        files[REPORT_MARKDOWN] = report_markdown(material, in_order, bundle.model_id).encode()
    exports = []
    for word, model in models.items():
        rule = request.rule or points[word].chosen.rule
        label = bundle.labels[word]
        languages = () if project is None else (project.config.language,)
        manifest = Manifest(label.text, f"{label.name}.tflite", request.author, languages, rule, arena)
        files[f"{label.name}.json"] = (json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False) + "\n").encode()
        files[manifest.model] = model
        exports.append(
            WordExport(
                label.text,
                f"{label.name}.json",
                manifest.model,
                len(model),
                arena,
                rule.probability_cutoff,
                rule.window,
                points.get(word),
            )
        )
    files[DESCRIPTION] = _description(bundle)
    changes = write_tree(folder, dict(sorted(files.items())))
    for name, kept_as in zip(changes.kept, changes.kept_as, strict=True):
        progress.say(f"{folder / name} was not as tinykws made it: kept as {kept_as}")
    stride_ms = bundle.detector.inference_stride_ms
    return EsphomeReport(FORM, folder, bundle.model_id, stride_ms, tuple(exports), tuple(sorted(files)), changes)


def _checked_model(network: StreamNetwork, word: int, stride: int) -> bytes:
    model = streaming_tflite(network, word, stride)
    faults = model_faults(model)
    if faults:
        raise ConfigError(f"ESPHome would not load the model: {'; '.join(faults)}")
    return model


def _say_what_is_left_out(bundle: Bundle, progress: Progress) -> None:
    for setting, is_there in (("grammar", bundle.detector.grammar), ("gate_db", bundle.detector.gate_db)):
        if is_there:
            progress.say(f"{setting} has no effect in ESPHome")


def _measuring(project: Project | None) -> Project:
    if project is None:
        raise ConfigError(
            "there is no project whose clips say which cutoff to use",
            hint="name one with the same words: --project DIR\nor give both: --cutoff 0.9 --window 5",
        )
    return project


def _operating_points(
    bundle: Bundle, network: StreamNetwork, project: Project, progress: Progress
) -> tuple[dict[int, OperatingPoint], Material]:
    dataset = Dataset.load(project.dataset_dir)
    if list(dataset.labels) != [label.name for label in bundle.labels]:
        raise ConfigError(
            f"the dataset has the labels {', '.join(dataset.labels)}; the model has"
            f" {', '.join(label.name for label in bundle.labels)}",
            hint="name a project with the same words: --project DIR",
        )
    uses, split = uses_of_negatives(project), TESTING if dataset.split_sizes[TESTING] else VALIDATION
    choosing, reporting = (
        plan_stream_set(
            dataset,
            name,
            held_back_noise([project.data_dir, project.synth_dir], name),
            project_negatives(project, section, progress),
        )
        for name, section in ((VALIDATION, uses.tuning), (split, uses.reporting))
    )
    wishes = project.config.detector
    material = Material(
        wishes.false_accepts_per_hour,
        _in_words(choosing, VALIDATION),
        _in_words(reporting, split),
        reporting.synthetic_negatives,
    )
    points = {
        word: operating_point(
            bundle,
            network,
            word,
            choosing,
            reporting,
            per_hour=wishes.false_accepts_per_hour,
            latency_ms=wishes.latency_limit_ms(len(bundle.labels) - FIRST_WORD),
            progress=progress,
        )
        for word in range(FIRST_WORD, len(bundle.labels))
    }
    return points, material


def _in_words(streams: StreamSet, split: str) -> str:
    hours = sum(stream.duration_ms for stream in streams.negatives) / 3_600_000
    kind = "sentences joined from other words" if streams.synthetic_negatives else "long recordings"
    return f"{split} clips in {len(streams.words)} scenes, and {hours:.2f} h of {kind}"


def _description(bundle: Bundle) -> bytes:
    values = {
        "form": FORM,
        "tinykws": __version__,
        "model_id": bundle.model_id,
        "labels": [label.name for label in bundle.labels],
    }
    return (json.dumps(values, indent=2) + "\n").encode()
