# SPDX-License-Identifier: Apache-2.0
"""Runs the stages that are out of date, in order, and says which are up to date."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.util
import time
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykws.cli.console import to_json
from tinykws.project.layout import Project
from tinykws.support.dataclass_reader import read_dataclass
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.freshness import Inputs, StageFiles, is_fresh, read_report, write_stamp
from tinykws.support.kept_outputs import STAMP_NAME, entry_of, put_away, take_back
from tinykws.support.progress import Progress
from tinykws.support.project_lock import locked
from tinykws.support.staleness import last_seconds, reasons
from tinykws.training.architectures.registry import check_architecture
from tinykws.training_data.folders import needs_synthetic_clips

if TYPE_CHECKING:
    from tinykws.model.bundle import Bundle

ORDER = ("synth", "prepare", "train", "quantize", "tune")
"""The stages that make the bundle. The module of each has a function with the stage's name."""
KEPT_SYNTH = 2
"""How many earlier sets of synthetic clips are kept, some 100 MB each: going back to their words makes none again."""


def run_until(project: Project, last: str, progress: Progress, *, force: bool = False) -> None:
    """Runs the stages up to `last` that are out of date; with `force`, `last` even if it is up to date."""
    check_architecture(project.config.model.architecture)
    if first_stale(project, last) is not None:
        check_extras(project, last)
    with build_lock(project.build_dir, progress):
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
    module = importlib.import_module(f"tinykws.stages.{name}")
    stage_files: StageFiles = module.stage_files(project)
    stamp = project.stamp_path(name)
    if not force and is_fresh(stamp, stage_files):
        progress.say(f"{name}: up to date")
        return
    inputs = stage_files.inputs()
    if name == "synth" and not force and _taken_back(project, stage_files, inputs, progress):
        return
    if stamp.exists():
        progress.say(f"{name}: {explained(project, name)}")
    progress.say(f"{name}: running")
    entry = put_away(project.kept_synth_dir, stamp, project.synth_dir, KEPT_SYNTH) if name == "synth" else None
    stamp.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        report = getattr(module, name)(project, progress=progress)
    except BaseException:
        if entry is not None and not project.synth_dir.exists():
            take_back(entry, stamp, project.synth_dir)
        raise
    report_values, seconds = to_json(report, former_keys=False), round(time.monotonic() - began, 1)
    write_stamp(stamp, inputs, module.stage_files(project), report_values, seconds)


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


def report_of(project: Project, name: str) -> Any:
    """Returns the report of a stage that is up to date, as saved when it last ran."""
    stage = getattr(importlib.import_module(f"tinykws.stages.{name}"), name)
    return read_dataclass(typing.get_type_hints(stage)["return"], read_report(project.stamp_path(name)))


def run_for_evaluation(project: Project, progress: Progress, *, rebuild: bool = False) -> None:
    """Makes the project's bundle and dataset. An imported bundle stays, and is what is measured.

    Raises:
        ConfigError: the imported model has other labels or features than the project's clips.
    """
    try:
        bundle = _imported_bundle(project.bundle_dir, progress)
    except ConfigError:  # a damaged bundle is made again
        bundle = None
    if bundle is None:
        use_last_or_run(project, "tune", [project.bundle_dir, project.dataset_dir], progress, rebuild=rebuild)
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


def build_lock(build_dir: Path, progress: Progress) -> contextlib.AbstractContextManager[None]:
    """Returns a context that holds the project's lock: one command builds, others wait and say for whom."""
    context = click.get_current_context(silent=True)
    return locked(build_dir, context.command_path if context else "tinykws", progress.say)


def explained(project: Project, name: str) -> str:
    """Returns why a stage is out of date and how long it took the last time, as far as that is known."""
    why = "; ".join(reasons(project.stamp_path(name), _files_of(project, name))) or "asked for"
    seconds = last_seconds(project.stamp_path(name))
    return why if seconds is None else f"{why}; it took {in_minutes(seconds)} the last time"


def first_stale(project: Project, last: str = "tune") -> str | None:
    """Returns the first stage up to `last` that is out of date; None if all are up to date."""
    for name in ORDER[: ORDER.index(last) + 1]:
        if not is_fresh(project.stamp_path(name), _files_of(project, name)):
            return name
    return None


def stale_notice(project: Project, first: str) -> str:
    """Returns what a command says that uses the last bundle although stages are out of date."""
    rest = ORDER[ORDER.index(first) :]
    known = [last_seconds(project.stamp_path(name)) for name in rest]
    about = sum(seconds for seconds in known if seconds is not None)
    takes = f", which takes about {in_minutes(about)}" if about else ""
    why = "; ".join(reasons(project.stamp_path(first), _files_of(project, first)))
    return (
        f"the last bundle is used, and it is out of date: {first}: {why}\n"
        f"to run {', '.join(rest)} again{takes}: --rebuild, or tinykws build"
    )


def _files_of(project: Project, name: str) -> StageFiles:
    files: StageFiles = importlib.import_module(f"tinykws.stages.{name}").stage_files(project)
    return files


def in_minutes(seconds: float) -> str:
    """Returns a duration for people: `40 s`, `12 min`."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"


@dataclasses.dataclass(frozen=True)
class Workplace:
    """What the commands after the bundle work on: the bundle, and the folder for firmware."""

    bundle: Bundle
    build_dir: Path
    project_dir: Path

    def firmware_dir(self, board_id: str) -> Path:
        """The folder of the PlatformIO project for a board."""
        return self.build_dir / "firmware" / board_id


def workplace(
    project_dir: Path,
    bundle_dir: Path | None,
    progress: Progress,
    *,
    rebuild: bool = False,
    before_stages: Callable[[], None] = lambda: None,
) -> Workplace:
    """Returns the bundle to work with: the named one, the one imported into the project, or the project's own.

    The project's own is the last one that was made: if stages are out of date, `progress.say` tells which, why, and how
    long they take. They run only with `rebuild`, or if there is no bundle yet; `before_stages` is called before that,
    and may refuse it.

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
    if (rebuild or not project.bundle_dir.is_dir()) and first_stale(project) is not None:
        before_stages()
    use_last_or_run(project, "tune", [project.bundle_dir], progress, rebuild=rebuild)
    return Workplace(load_bundle(project.bundle_dir), build_dir, project_dir)


def use_last_or_run(project: Project, last: str, made: Sequence[Path], progress: Progress, *, rebuild: bool) -> None:
    """Says what is out of date and leaves it so; runs stages with `rebuild`, or if a folder of `made` is missing."""
    missing = [folder.name for folder in made if not folder.is_dir()]
    if rebuild or missing:
        if missing:
            stages = ", ".join(ORDER[: ORDER.index(last) + 1])
            progress.say(f"there is no {' and no '.join(missing)} yet, so these stages run first: {stages}")
        run_until(project, last, progress)
        return
    first = first_stale(project, last)
    progress.say(f"{last}: up to date" if first is None else stale_notice(project, first))
