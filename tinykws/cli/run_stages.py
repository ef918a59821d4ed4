# SPDX-License-Identifier: Apache-2.0
"""Runs the stages that are out of date, in order, and says which are up to date."""

from __future__ import annotations

import importlib
import importlib.util
import time

from tinykws.cli.build_lock import build_lock
from tinykws.cli.console import to_json
from tinykws.cli.imported_bundle import confirm_replacing_import
from tinykws.cli.stages_in_order import ORDER, explained, files_of, first_stale
from tinykws.project.layout import Project
from tinykws.support.errors import ToolError
from tinykws.support.freshness import Inputs, StageFiles, is_fresh, write_stamp
from tinykws.support.kept_outputs import STAMP_NAME, entry_of, put_away, take_back
from tinykws.support.progress import Progress
from tinykws.training.architectures.registry import check_architecture
from tinykws.training_data.folders import needs_synthetic_clips

KEPT_SYNTH = 2
"""How many earlier sets of synthetic clips are kept, some 100 MB each: going back to their words makes none again."""


def run_until(project: Project, last: str, progress: Progress, *, force: bool = False) -> None:
    """Runs the stages up to `last` that are out of date; with `force`, `last` even if it is up to date.

    Raises:
        ConfigError: `tune` would replace an imported bundle, nobody can be asked, and `force` is not given.
        ToolError: packages are missing.
    """
    check_architecture(project.config.model.architecture)
    with build_lock(project.build_dir, progress):
        if first_stale(project, last) is not None:
            if last == "tune" and not force:
                confirm_replacing_import(project.bundle_dir)
            check_extras(project, last)
        for name in ORDER[: ORDER.index(last) + 1]:
            run_stage(project, name, progress, force=force and name == last)


def check_extras(project: Project, last: str) -> None:
    """Raises ToolError, naming all of them, if packages are missing that the stages up to `last` need."""
    needed: dict[str, str] = {}
    if needs_synthetic_clips(project.config, project.data_dir):
        engines = project.config.synth.engines
        needed |= {"espeakng_loader": "synth", **({"piper": "piper"} if "piper" in engines else {})}
    if "train" in ORDER[: ORDER.index(last) + 1]:
        needed |= {"tensorflow": "train", "matplotlib": "train"}
    missing = [module for module in needed if importlib.util.find_spec(module) is None]
    if missing:
        extras = ",".join(dict.fromkeys(needed[module] for module in missing))
        raise ToolError(f"not installed: {', '.join(missing)}", hint=f"pip install 'tinykws[{extras}]'")


def run_stage(project: Project, name: str, progress: Progress, *, force: bool = False) -> None:
    """Runs one stage if it is out of date, or if `force`."""
    with build_lock(project.build_dir, progress):
        _run_stage(project, name, progress, force=force)


def _run_stage(project: Project, name: str, progress: Progress, *, force: bool) -> None:
    stage_files, stamp = files_of(project, name), project.stamp_path(name)
    if not force and is_fresh(stamp, stage_files):
        progress.say(f"{name}: up to date")
        return
    inputs = stage_files.inputs()
    if name == "synth" and not force and _taken_back(project, stage_files, inputs, progress):
        return
    if stamp.exists():
        progress.say(f"{name}: {explained(project, name)}")
    progress.say(f"{name}: running")
    _run_and_stamp(project, name, inputs, progress)


def _run_and_stamp(project: Project, name: str, inputs: Inputs, progress: Progress) -> None:
    """Runs a stage and records what it was made from; earlier synthetic clips are kept, or put back if it fails."""
    stage, stamp = getattr(importlib.import_module(f"tinykws.stages.{name}"), name), project.stamp_path(name)
    entry = put_away(project.kept_synth_dir, stamp, project.synth_dir, KEPT_SYNTH) if name == "synth" else None
    stamp.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        report = stage(project, progress=progress)
    except BaseException:
        if entry is not None and not project.synth_dir.exists():
            take_back(entry, stamp, project.synth_dir)
        raise
    report_values, seconds = to_json(report, former_keys=False), round(time.monotonic() - began, 1)
    write_stamp(stamp, inputs, files_of(project, name), report_values, seconds)


def _taken_back(project: Project, stage_files: StageFiles, inputs: Inputs, progress: Progress) -> bool:
    """Takes synthetic clips of the same words and settings from where earlier ones are kept; returns whether it did."""
    entry = entry_of(project.kept_synth_dir, inputs.digest)
    if not stage_files.writes or not (entry / STAMP_NAME).is_file():
        return False
    stamp = project.stamp_path("synth")
    put_away(project.kept_synth_dir, stamp, project.synth_dir, KEPT_SYNTH + 1)
    if not take_back(entry, stamp, project.synth_dir) or not is_fresh(stamp, stage_files):
        return False
    progress.say("synth: up to date: clips of the same words and settings were kept")
    return True
