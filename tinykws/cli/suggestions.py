# SPDX-License-Identifier: Apache-2.0
"""The one place that completes suggested commands: pasted as they stand, they work on the project of this command.

Errors and notices anywhere in tinykws say `tinykws flash`, without knowing how the user named the project and the
board. Before they are shown, `--project X` is added, and to commands for a device `--board B`, which they need, and
`--bundle FOLDER`, if the running command was told to use that bundle.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

from tinykws.cli.command_list import COMMANDS

NEEDS_BOARD = ("generate", "build", "verify", "verify-stream", "flash")
NO_PROJECT = ("init", "completion", "tflm-library")
_SUGGESTION = re.compile(r"(?<!waiting for `)\btinykws (?P<name>[a-z][a-z-]*[a-z])(?![\w/-])(?!\.\w)")
_ENDS_COMMAND = re.compile(r"  |[;,)`\n]|&&|\btinykws ")
"""What follows a command in a sentence: two spaces and a remark, or the next clause."""


@dataclasses.dataclass
class _Named:
    """What the running command was told to work on."""

    project: Path | None = None
    board: str | None = None
    bundle: Path | None = None


_named = _Named()


def forget() -> None:
    """Begins a new command line, which has named nothing yet."""
    _named.project = _named.board = _named.bundle = None


def remember_project(folder: Path) -> None:
    """Keeps the project of the running command for its suggestions."""
    _named.project = None if folder == Path() else folder


def remember_board(board_id: str | None) -> None:
    """Keeps the board of the running command for its suggestions."""
    _named.board = board_id


def remember_bundle(folder: Path | None) -> None:
    """Keeps the bundle of the running command for its suggestions."""
    _named.bundle = folder


def completed(text: str) -> str:
    """Returns a text in which each suggested command names this command's project and board."""
    return _SUGGESTION.sub(_complete, text) if "tinykws " in text else text


def _complete(match: re.Match[str]) -> str:
    name = match["name"]
    if name not in COMMANDS:
        return match[0]
    own = _ENDS_COMMAND.split(match.string[match.end() :], maxsplit=1)[0]
    if "--help" in own:
        return match[0]
    return f"{match[0]}{_project(name, own)}{_board(name, own)}{_bundle(name, own)}"


def _project(name: str, own: str) -> str:
    if _named.project is None or "--project" in own:
        return ""
    folder = shlex.quote(str(_named.project))
    if name == "init":
        return f" {folder}" if own.startswith(" --words") else ""
    return "" if name in NO_PROJECT else f" --project {folder}"


def _board(name: str, own: str) -> str:
    if name not in NEEDS_BOARD or "--board" in own:
        return ""
    return f" --board {shlex.quote(_named.board or 'BOARD')}"


def _bundle(name: str, own: str) -> str:
    if _named.bundle is None or name not in NEEDS_BOARD or "--bundle" in own:
        return ""
    return f" --bundle {shlex.quote(str(_named.bundle))}"
