# SPDX-License-Identifier: Apache-2.0
"""Runs whichever stages are missing or stale, in order, and says which are up to date."""

from __future__ import annotations

import dataclasses
import importlib
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinykws.cli.console import to_json
from tinykws.project.layout import Project
from tinykws.support.dataclass_reader import read_dataclass
from tinykws.support.freshness import StageFiles, is_fresh, read_report, write_stamp
from tinykws.support.progress import Progress
from tinykws.training.architectures.registry import check_architecture

if TYPE_CHECKING:
    from tinykws.model.bundle import Bundle

ORDER = ("synth", "prepare", "train", "quantize", "tune")
"""Left of the bundle; each stage's module has a function of the stage's own name."""


def run_until(project: Project, last: str, progress: Progress, *, force: bool = False) -> None:
    """Runs the stages up to `last`, those that are up to date left out."""
    check_architecture(project.config.model.architecture)
    for name in ORDER[: ORDER.index(last) + 1]:
        run_stage(project, name, progress, force=force and name == last)


def run_stage(project: Project, name: str, progress: Progress, *, force: bool = False) -> None:
    """Runs one stage unless it is up to date."""
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
    """Returns what a stage that is up to date told when it ran, whether that was now or long ago."""
    stage = getattr(importlib.import_module(f"tinykws.stages.{name}"), name)
    return read_dataclass(typing.get_type_hints(stage)["return"], read_report(project.stamp_path(name)))


@dataclasses.dataclass(frozen=True)
class Workplace:
    """What the commands right of the bundle work on: a bundle, and the folder that firmware is made in."""

    bundle: Bundle
    build_dir: Path
    project_dir: Path

    def firmware_dir(self, board_id: str) -> Path:
        """The PlatformIO project for a board."""
        return self.build_dir / "firmware" / board_id


def workplace(project_dir: Path, bundle_dir: Path | None, progress: Progress) -> Workplace:
    """Returns the bundle to work with: the one named, the one imported into the project, or the one it trains.

    Raises:
        ConfigError: no kws.yaml and no bundle, or something wrong in them.
    """
    from tinykws.model.bundle import load_bundle

    build_dir = project_dir / "build"
    if bundle_dir is not None:
        return Workplace(load_bundle(bundle_dir), build_dir, project_dir)
    in_project = build_dir / "bundle"
    if in_project.is_dir():
        bundle = load_bundle(in_project)
        if bundle.origin == "imported":
            progress.say(f"bundle: imported model {bundle.model_id}, nothing to train")
            return Workplace(bundle, build_dir, project_dir)
    project = Project.load(project_dir)
    run_until(project, "tune", progress)
    return Workplace(load_bundle(project.bundle_dir), build_dir, project_dir)
