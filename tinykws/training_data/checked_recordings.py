# SPDX-License-Identifier: Apache-2.0
"""Refuses a data folder of which it is not clear what it holds, before hours are spent on it."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tinykws.project.config import CONFIG_NAME, Config
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.training_data.folder_walk import UnusedFile, printable
from tinykws.training_data.folders import LIST_FILES, DoubtfulFolder, FolderScan, FolderUse, scan_folder

SHOWN = 5
"""Files or folders that a message names."""


def checked_recordings(project: Project) -> FolderScan:
    """Returns everything in a project's data folder.

    Raises:
        ConfigError: the folder in `data:` does not exist or holds nothing usable (the default folder may be empty), the
            label of a folder is doubtful, or no line of a list file names a clip.
    """
    folder = project.data_dir
    _check_exists(project)
    scan = scan_folder(folder, project.config.labels, skip=[project.negatives_dir])
    if scan.doubts:
        raise _doubtful(folder, scan.doubts)
    for name in LIST_FILES.values():
        if name in scan.lists and scan.lists[name].lines and not scan.lists[name].sources:
            raise _unmatched(folder / name, scan.lists[name].unmatched)
    if not _is_default(project.config) and not scan.clips and not scan.noise:
        raise ConfigError(
            f"{CONFIG_NAME}: data: {project.config.data}: {folder} holds no recording that can be used",
            hint="\n".join([*summary_of_unused(scan.unused), f"put recordings of each word into {folder}/<word>/"]),
        )
    return scan


def summary_of_unused(unused: Sequence[UnusedFile]) -> list[str]:
    """Returns a line for each reason why files are not used: how many, why, and the first."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for one in unused:
        by_reason[_kind_of(one.reason)].append(f"{one.source} ({one.reason})" if ":" in one.reason else one.source)
    most = sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    lines = [f"{len(names)} {reason}, such as {names[0]}" for reason, names in most[:SHOWN]]
    return lines + ([f"and {len(most) - SHOWN} other reasons"] if len(most) > SHOWN else [])


def summary_of_folders(folders: Sequence[FolderUse], texts: dict[str, str]) -> str:
    """Returns which folder became which label, in one line: the words first. `texts`: labels as people write them."""
    words = [use for use in folders if use.label in texts and not use.label.startswith("_")]
    others = [use for use in folders if use not in words]
    parts = [f"{_folder_text(use.folder)} = {texts[use.label]!r} ({use.clips:,})" for use in words]
    by_label: dict[str, list[FolderUse]] = defaultdict(list)
    for use in others:
        by_label[use.label].append(use)
    for label, uses in by_label.items():
        names = ", ".join(_folder_text(use.folder) for use in uses[:SHOWN])
        more = f" and {len(uses) - SHOWN} more folders" if len(uses) > SHOWN else ""
        parts.append(f"{names}{more} = {texts.get(label, label.strip('_'))} ({sum(use.clips for use in uses):,})")
    return "; ".join(parts)


def unmatched_lines(scan: FolderScan) -> dict[str, tuple[str, ...]]:
    """Returns the lines of list files that name no clip, by the file's name."""
    return {name: tuple(map(printable, one.unmatched)) for name, one in scan.lists.items() if one.unmatched}


def summary_of_lines(name: str, lines: Sequence[str]) -> str:
    """Returns how many lines of a list file name no clip, and the first few."""
    return f"{name}: {len(lines)} lines name no clip, such as {', '.join(map(repr, lines[:3]))}"


def _is_default(config: Config) -> bool:
    return Path(config.data) == Path(Config.data)


def _exists(folder: Path, name: str) -> bool:
    try:
        return folder.exists()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise ConfigError(f"{name}: {error.strerror}", hint="correct `data:`, or the folder's permissions") from error


def _check_exists(project: Project) -> None:
    folder, name = project.data_dir, f"{CONFIG_NAME}: data: {project.config.data}"
    if not _exists(folder, name):
        if _is_default(project.config) and not folder.is_symlink():
            return
        raise ConfigError(
            f"{name}: there is no folder {folder}",
            hint=f"correct `data:` (relative to {project.root.resolve()}), or create it: mkdir {_quoted(folder)}",
        )
    if not folder.is_dir():
        raise ConfigError(f"{name}: {folder} is not a folder", hint="name the folder that holds a folder for each word")
    if project.build_dir.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"{name}: {folder} also holds the project's own files in build/",
            hint="move the recordings to a folder of their own, and name it in `data:`",
        )


def _doubtful(folder: Path, doubts: Sequence[DoubtfulFolder]) -> ConfigError:
    names = ", ".join(f"{doubt.folder}/ ({doubt.clips})" for doubt in doubts[:SHOWN])
    return ConfigError(
        f"it is not clear which word is in these folders of {folder}: {names}; as they are, they would teach the model"
        " not to accept your words",
        hint="\n".join(line for doubt in doubts[:SHOWN] for line in _ways_out(folder, doubt)),
    )


def _ways_out(folder: Path, doubt: DoubtfulFolder) -> Iterable[str]:
    source = folder / doubt.folder
    for meaning in doubt.meaning:
        target = folder / meaning
        if "/" in meaning:  # <speaker>/<word>/ or a wrapper around everything
            yield f"{_move(source, target)}   (recordings of {target.parent.name!r} by {target.name})"
        elif meaning.startswith("_"):
            yield f"mv {_quoted(source)} {_quoted(target)}   (if it is {meaning.strip('_').replace('_', ' ')})"
        else:
            yield f"{_move(source, target / doubt.folder)}   (if they are recordings of {meaning!r})"
    top, slash, _ = doubt.folder.partition("/")
    if slash:
        yield f"data: {folder / top}   (in {CONFIG_NAME}, if {top}/ holds a folder for each word)"
    yield f"{_move(source, folder / '_unknown_' / doubt.folder)}   (if the model must not accept them)"


def _move(source: Path, target: Path) -> str:
    return f"mkdir -p {_quoted(target.parent)} && mv {_quoted(source)} {_quoted(target)}"


def _unmatched(path: Path, lines: Sequence[str]) -> ConfigError:
    return ConfigError(
        f"no line of {path} names a clip, such as {', '.join(repr(printable(line)) for line in lines[:3])}",
        hint=f"write one folder/name per line, below {path.parent}: yes/anna_01.wav\nor remove the file: the splits are"
        " then chosen by speaker",
    )


def _kind_of(reason: str) -> str:
    return reason.partition(":")[0]


def _folder_text(folder: str) -> str:
    return f"{folder}/" if folder else "files in no folder"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
