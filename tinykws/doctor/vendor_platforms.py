# SPDX-License-Identifier: Apache-2.0
"""Checks whether boards whose platform comes from PlatformIO's registry can be built on this computer now."""

from __future__ import annotations

from collections.abc import Sequence

from tinykws.boards.rows import Board, is_local, local_path
from tinykws.doctor.computer import Program
from tinykws.doctor.finding import Finding, absent
from tinykws.support.programs import install_hint

AREA = "PlatformIO"


def check_vendor_board(board: Board, missing: Sequence[str], registry_answers: bool, *, needed: bool) -> Finding:
    """Checks whether a board's platform and libraries are installed or can be downloaded.

    Args:
        board: its row of boards.yaml.
        missing: those of its platform and libraries that are not installed, and local libraries that do not exist.
        registry_answers: whether PlatformIO's registry can be reached.
        needed: the board was selected.
    """
    if not missing:
        return Finding(AREA, board.id, "ok", f"ready: {board.platform} is installed")
    folders = [local_path(library) for library in missing if is_local(library)]
    if folders:
        found = f"lib_deps names a library that does not exist: {', '.join(folders)}"
        return Finding(AREA, board.id, absent(needed), found, "copy it there, or correct the row in boards.yaml")
    build = f"tinykws build --board {board.id}"
    if registry_answers:
        return Finding(AREA, board.id, "warning", f"the first build downloads {', '.join(missing)}", build)
    found = f"needs {', '.join(missing)}, but PlatformIO's registry cannot be reached"
    return Finding(AREA, board.id, absent(needed), found, f"with a network: {build}")


def check_git(git: Program, packages: Sequence[str], *, needed: bool) -> Finding | None:
    """Checks git, with which PlatformIO fetches packages from repositories; None if no package is one."""
    repositories = [package for package in packages if ".git" in package]
    if not repositories:
        return None
    if git.path is not None:
        return Finding(AREA, "git", "ok", git.version)
    found = f"not on PATH; PlatformIO fetches {', '.join(repositories)} with it"
    return Finding(AREA, "git", absent(needed), found, install_hint(["git"]).splitlines()[0])
