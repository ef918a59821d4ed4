# SPDX-License-Identifier: Apache-2.0
"""The pretrained teachers by name: openwakeword, those of other packages, and folders."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from tinykws.support.errors import ConfigError, ToolError, did_you_mean
from tinykws.training.teachers.onnx_folder import SETTINGS, OnnxFolder
from tinykws.training.teachers.openwakeword import OpenWakeWord
from tinykws.training.teachers.speech_teacher import SpeechTeacher

ENTRY_POINT_GROUP = "tinykws.teachers"
OPENWAKEWORD = "openwakeword"


def teacher_names() -> tuple[str, ...]:
    """Returns the names of all known teachers, the built-in one first, whether installed or not."""
    others = sorted(entry.name for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP))
    return tuple(dict.fromkeys([OPENWAKEWORD, *others]))


def usual_teacher() -> str | None:
    """Returns the teacher of `training: {teacher: auto}`: openwakeword, if all of it is installed, or None."""
    needed = (OPENWAKEWORD, "onnx", "onnxruntime")
    return OPENWAKEWORD if all(importlib.util.find_spec(package) is not None for package in needed) else None


def find_teacher(name: str, folder: Path) -> SpeechTeacher:
    """Returns a teacher by its name in kws.yaml, which may be a folder with teacher.yaml.

    Args:
        name: as in kws.yaml.
        folder: the project's, from which folders are named.

    Raises:
        ConfigError: there is no teacher of this name, and no such folder, or its files cannot be used.
        ToolError: what provides it is not installed or does not load.
    """
    if name == OPENWAKEWORD:
        return OpenWakeWord()
    for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP, name=name):
        return _loaded(entry)
    if (folder / name).is_dir():
        return OnnxFolder(folder / name)
    raise ConfigError(
        f"training: teacher: there is no teacher {name!r}, and no such folder with {SETTINGS}",
        hint=did_you_mean(name, teacher_names()),
    )


def _loaded(entry: importlib.metadata.EntryPoint) -> SpeechTeacher:
    try:
        teacher = entry.load()()
    except Exception as error:  # third-party code can raise anything
        raise ToolError(
            f"the teacher {entry.name} ({entry.value}) does not load: {error!r}",
            hint="reinstall the package that provides it, or remove training: teacher",
        ) from error
    if not isinstance(teacher, SpeechTeacher):
        raise ToolError(f"the teacher {entry.name}: {entry.value} does not return a SpeechTeacher")
    return teacher
