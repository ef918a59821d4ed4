# SPDX-License-Identifier: Apache-2.0
"""Boards whose platform comes from a vendor through PlatformIO's registry: can they be built here and now?"""

from __future__ import annotations

from collections.abc import Sequence

from tinykws.boards.rows import Board, is_local, local_path
from tinykws.doctor.computer import Program
from tinykws.doctor.finding import Finding, absent
from tinykws.support.programs import install_hint

AREA = "PlatformIO"


def check_vendor_board(board: Board, missing: Sequence[str], registry_answers: bool, *, needed: bool) -> Finding:
    """Judges whether a board's platform and libraries are installed, or can be had.

    Args:
        board: the row.
        missing: those of its platform and libraries that are not installed, and local libraries that are not there.
        registry_answers: whether PlatformIO could download now.
        needed: the board was asked for.
    """
    if not missing:
        return Finding(AREA, board.id, "ok", f"ready: {board.platform} is installed")
    folders = [local_path(library) for library in missing if is_local(library)]
    if folders:
        found = f"lib_deps names a library that is not there: {', '.join(folders)}"
        return Finding(AREA, board.id, absent(needed), found, "copy it there, or correct the row in boards.yaml")
    build = f"tinykws build --board {board.id}"
    if registry_answers:
        return Finding(AREA, board.id, "warning", f"the first build downloads {', '.join(missing)}", build)
    found = f"needs {', '.join(missing)}, and PlatformIO's registry cannot be reached"
    return Finding(AREA, board.id, absent(needed), found, f"with a network: {build}")


def check_git(git: Program, packages: Sequence[str], *, needed: bool) -> Finding | None:
    """Judges git, by which PlatformIO fetches packages that are repositories; None where none of these is."""
    repositories = [package for package in packages if ".git" in package]
    if not repositories:
        return None
    if git.path is not None:
        return Finding(AREA, "git", "ok", git.version)
    found = f"not on PATH; PlatformIO fetches {', '.join(repositories)} by it"
    return Finding(AREA, "git", absent(needed), found, install_hint(["git"]).splitlines()[0])
