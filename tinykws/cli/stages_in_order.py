# SPDX-License-Identifier: Apache-2.0
"""The stages that make the bundle, their order, and which of them are out of date."""

from __future__ import annotations

import importlib
import typing
from typing import Any

from tinykws.project.layout import Project
from tinykws.support.dataclass_reader import read_dataclass
from tinykws.support.freshness import StageFiles, is_fresh, read_report
from tinykws.support.staleness import last_seconds, reasons

ORDER = ("synth", "prepare", "train", "quantize", "tune")
"""The stages that make the bundle. The module of each has a function with the stage's name."""


def files_of(project: Project, name: str) -> StageFiles:
    """Returns what a stage reads and writes."""
    files: StageFiles = importlib.import_module(f"tinykws.stages.{name}").stage_files(project)
    return files


def report_of(project: Project, name: str) -> Any:
    """Returns the report of a stage that is up to date, as saved when it last ran."""
    stage = getattr(importlib.import_module(f"tinykws.stages.{name}"), name)
    return read_dataclass(typing.get_type_hints(stage)["return"], read_report(project.stamp_path(name)))


def first_stale(project: Project, last: str = "tune") -> str | None:
    """Returns the first stage up to `last` that is out of date; None if all are up to date."""
    for name in ORDER[: ORDER.index(last) + 1]:
        if not is_fresh(project.stamp_path(name), files_of(project, name)):
            return name
    return None


def explained(project: Project, name: str) -> str:
    """Returns why a stage is out of date and how long it took the last time, as far as that is known."""
    why = "; ".join(reasons(project.stamp_path(name), files_of(project, name))) or "asked for"
    seconds = last_seconds(project.stamp_path(name))
    return why if seconds is None else f"{why}; it took {in_minutes(seconds)} the last time"


def stale_notice(project: Project, first: str) -> str:
    """Returns what a command says that uses the last bundle although stages are out of date."""
    rest = ORDER[ORDER.index(first) :]
    known = [last_seconds(project.stamp_path(name)) for name in rest]
    about = sum(seconds for seconds in known if seconds is not None)
    takes = f", which takes about {in_minutes(about)}" if about else ""
    why = "; ".join(reasons(project.stamp_path(first), files_of(project, first)))
    return (
        f"the last bundle is used, and it is out of date: {first}: {why}\n"
        f"to run {', '.join(rest)} again{takes}: --rebuild, or tinykws tune"
    )


def in_minutes(seconds: float) -> str:
    """Returns a duration for people: `40 s`, `12 min`."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
