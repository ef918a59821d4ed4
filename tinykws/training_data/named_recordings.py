# SPDX-License-Identifier: Apache-2.0
"""The recordings that a user names: files, and folders of them. All commands read the same formats everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinykws.support.errors import ConfigError
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.checked_recordings import summary_of_unused
from tinykws.training_data.folder_walk import find_audio


def named_recordings(paths: Sequence[Path], progress: Progress = SILENT) -> list[Path]:
    """Returns the named files, and for a folder all recordings below it, sorted; `progress` says which are not used.

    Raises:
        ConfigError: a path does not exist, or a folder holds no recording that can be read.
    """
    return [file for path in paths for file in _recordings_at(path, progress)]


def recordings_in(folder: Path, progress: Progress = SILENT) -> list[Path]:
    """Returns all recordings below a folder, sorted; none is no error. `progress` says why others are not used."""
    found = find_audio(folder)
    for line in summary_of_unused(found.unused):
        progress.say(f"{folder}: not used: {line}")
    return [file.path for file in found.files]


def _recordings_at(path: Path, progress: Progress) -> list[Path]:
    if not path.is_dir():
        if path.exists():
            return [path]
        raise ConfigError(f"there is no {path}", hint="name audio files, or folders of them")
    files = recordings_in(path, progress)
    if not files:
        raise ConfigError(f"{path} contains no audio file", hint="WAV, FLAC, MP3, OGG and other formats are read")
    return files
