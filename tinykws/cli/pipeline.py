# SPDX-License-Identifier: Apache-2.0
"""Runs the stages that are out of date, in order, and says which are up to date."""

from __future__ import annotations

import dataclasses
import importlib
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinykws.cli.console import to_json
from tinykws.project.layout import Project
from tinykws.support.dataclass_reader import read_dataclass
from tinykws.support.errors import ConfigError
from tinykws.support.freshness import StageFiles, is_fresh, read_report, write_stamp
from tinykws.support.progress import Progress
from tinykws.training.architectures.registry import check_architecture

if TYPE_CHECKING:
    from tinykws.model.bundle import Bundle

ORDER = ("synth", "prepare", "train", "quantize", "tune")
"""The stages that make the bundle. The module of each has a function with the stage's name."""


def run_until(project: Project, last: str, progress: Progress, *, force: bool = False) -> None:
    """Runs the stages up to `last` that are out of date; with `force`, `last` even if it is up to date."""
    check_architecture(project.config.model.architecture)
    for name in ORDER[: ORDER.index(last) + 1]:
        run_stage(project, name, progress, force=force and name == last)


def run_stage(project: Project, name: str, progress: Progress, *, force: bool = False) -> None:
    """Runs one stage if it is out of date, or if `force`."""
    module = importlib.import_module(f"tinykws.stages.{name}")
    stage_files: StageFiles = module.stage_files(project)
    stamp = project.stamp_path(name)
    if not force and is_fresh(stamp, stage_files):
        progress.say(f"{name}: up to date")
        return
    progress.say(f"{name}: running")
    inputs = stage_files.inputs_digest()
    stamp.unlink(missing_ok=True)
    report = getattr(module, name)(project, progress=progress)
    write_stamp(stamp, inputs, module.stage_files(project), to_json(report, former_keys=False))


def report_of(project: Project, name: str) -> Any:
    """Returns the report of a stage that is up to date, as saved when it last ran."""
    stage = getattr(importlib.import_module(f"tinykws.stages.{name}"), name)
    return read_dataclass(typing.get_type_hints(stage)["return"], read_report(project.stamp_path(name)))


def run_for_evaluation(project: Project, progress: Progress) -> None:
    """Makes the project's bundle and dataset. An imported bundle stays, and is what is measured.

    Raises:
        ConfigError: the imported model has other labels or features than the project's clips.
    """
    try:
        bundle = _imported_bundle(project.bundle_dir, progress)
    except ConfigError:  # a damaged bundle is made again
        bundle = None
    if bundle is None:
        run_until(project, "tune", progress)
        return
    _refuse_other_clips(bundle, project)
    run_until(project, "prepare", progress)


def _refuse_other_clips(bundle: Bundle, project: Project) -> None:
    """Raises ConfigError before clips are synthesized that the imported model cannot be measured on."""
    model, clips = ([label.name for label in labels] for labels in (bundle.labels, project.config.labels))
    if model != clips:
        words = ", ".join(label.text for label in bundle.labels[2:])
        raise ConfigError(
            f"the imported model {bundle.model_id} has the labels {', '.join(model)}; the project's clips have"
            f" {', '.join(clips)}",
            hint=f"set `words: [{words}]` in kws.yaml\nor return to a model of your own: tinykws tune",
        )
    if bundle.frontend != project.config.frontend:
        raise ConfigError(
            f"the imported model {bundle.model_id} was imported with other `features` than kws.yaml has now",
            hint="import it again: tinykws quantize --from FILE --labels LABELS",
        )


def _imported_bundle(path: Path, progress: Progress) -> Bundle | None:
    """Returns the bundle in a folder if it was imported; `tune` would replace it by one that is trained."""
    from tinykws.model.bundle import load_bundle

    bundle = load_bundle(path) if path.is_dir() else None
    if bundle is None or bundle.origin != "imported":
        return None
    progress.say(f"bundle: imported model {bundle.model_id}, nothing to train")
    return bundle


@dataclasses.dataclass(frozen=True)
class Workplace:
    """What the commands after the bundle work on: the bundle, and the folder for firmware."""

    bundle: Bundle
    build_dir: Path
    project_dir: Path

    def firmware_dir(self, board_id: str) -> Path:
        """The folder of the PlatformIO project for a board."""
        return self.build_dir / "firmware" / board_id


def workplace(project_dir: Path, bundle_dir: Path | None, progress: Progress) -> Workplace:
    """Returns the bundle to work with: the named one, the one imported into the project, or the one it trains.

    Raises:
        ConfigError: neither kws.yaml nor a bundle exists, or one of them is wrong.
    """
    from tinykws.model.bundle import load_bundle

    build_dir = project_dir / "build"
    if bundle_dir is not None:
        return Workplace(load_bundle(bundle_dir), build_dir, project_dir)
    imported = _imported_bundle(build_dir / "bundle", progress)
    if imported is not None:
        return Workplace(imported, build_dir, project_dir)
    project = Project.load(project_dir)
    run_until(project, "tune", progress)
    return Workplace(load_bundle(project.bundle_dir), build_dir, project_dir)
