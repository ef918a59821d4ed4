"""Boards whose platform comes from a vendor through PlatformIO's registry: can they be built here and now?"""

from __future__ import annotations

from collections.abc import Sequence

from tinykws.boards import Board
from tinykws.checks.finding import Finding, absent

AREA = "PlatformIO"


def check_vendor_board(board: Board, missing: Sequence[str], registry_answers: bool, *, needed: bool) -> Finding:
    """Judges whether a board's platform and libraries are installed, or can be had.

    Args:
        board: the row.
        missing: those of its platform and libraries that are not installed.
        registry_answers: whether PlatformIO could download now.
        needed: the board was asked for.
    """
    if not missing:
        return Finding(AREA, board.id, "ok", f"ready: {board.platform} is installed")
    build = f"tinykws build --board {board.id}"
    if registry_answers:
        return Finding(AREA, board.id, "warning", f"the first build downloads {', '.join(missing)}", build)
    found = f"needs {', '.join(missing)}, and PlatformIO's registry cannot be reached"
    return Finding(AREA, board.id, absent(needed), found, f"with a network: {build}")
