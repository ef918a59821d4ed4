"""Runs whichever stages are missing or stale, in order, and says which are up to date."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinykws.freshness import StageFiles, is_fresh, write_stamp
from tinykws.progress import Progress
from tinykws.project import Project

if TYPE_CHECKING:
    from tinykws.bundle import Bundle

ORDER = ("synth", "prepare", "train", "quantize")
"""Left of the bundle; each stage's module has a function of the stage's own name."""


def run_until(project: Project, last: str, progress: Progress, *, force: bool = False) -> Any:
    """Runs the stages up to `last`. Returns the last one's report, or None where it was up to date."""
    report = None
    for name in ORDER[: ORDER.index(last) + 1]:
        report = run_stage(project, name, progress, force=force and name == last)
    return report


def run_stage(project: Project, name: str, progress: Progress, *, force: bool = False) -> Any:
    """Runs one stage unless it is up to date. Returns its report, or None where it was."""
    module = importlib.import_module(f"tinykws.stages.{name}")
    stage_files: StageFiles = module.stage_files(project)
    stamp = project.stamp_path(name)
    if not force and is_fresh(stamp, stage_files):
        progress.say(f"{name}: up to date")
        return None
    progress.say(f"{name}: running")
    inputs = stage_files.inputs_digest()
    stamp.unlink(missing_ok=True)
    report = getattr(module, name)(project, progress=progress)
    write_stamp(stamp, inputs, module.stage_files(project))
    return report


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
    from tinykws.bundle import load_bundle

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
    run_until(project, "quantize", progress)
    return Workplace(load_bundle(project.bundle_dir), build_dir, project_dir)
