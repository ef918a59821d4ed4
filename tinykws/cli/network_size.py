# SPDX-License-Identifier: Apache-2.0
"""`model: {size: auto}`: chooses the size for a board before anything is trained, and tells when another is in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tinykws.cli.build_lock import build_lock
from tinykws.cli.imported_bundle import imported_bundle
from tinykws.project.config import CONFIG_NAME, load_config
from tinykws.project.layout import Project
from tinykws.project.model_settings import AUTO
from tinykws.project.network_size import KeptSize, keep_size, kept_size
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress

if TYPE_CHECKING:
    from tinykws.boards.rows import Board
    from tinykws.cost.size_choice import SizeChoice


def choose_for_board(
    project_dir: Path, bundle_dir: Path | None, board: Board, engine: str | None, progress: Progress
) -> SizeChoice | None:
    """Returns the size for a board; None if kws.yaml does not ask for it, or the model is not the project's own.

    Raises ConfigError if no size fits.
    """
    if bundle_dir is not None or not _chooses(project_dir):
        return None
    choice = _choice(project_dir, board, engine)
    progress.say(choice.in_words())
    return choice


def keep_choice(
    project_dir: Path,
    choice: SizeChoice | None,
    board: Board,
    progress: Progress,
    *,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Makes a choice that of all commands from now on, and tells if another network was trained.

    `before` is called before a choice is kept that differs from the last one, and may refuse it.
    """
    if choice is None:
        return
    project = Project.load(project_dir)
    last = kept_size(project.build_dir)
    if project.config.model.architecture != choice.architecture:
        before()
    if project.bundle_dir.is_dir() and project.config.model.architecture != choice.architecture:
        of_whom = f" for {last.board}" if last else ""
        progress.say(
            f"the last bundle has {project.config.model.architecture}{of_whom}: it is out of date,"
            f" {choice.architecture} is trained for {board.id} now"
        )
    if last is not None and last.architecture == choice.architecture and not last.is_emulated:
        return  # a real board's choice stays that of a real board
    with build_lock(project.build_dir, progress):
        keep_size(project.build_dir, KeptSize(choice.architecture, board.id, board.emulator is not None))


def tell_other_choice(
    project_dir: Path, bundle_path: Path, board: Board, engine: str | None, progress: Progress
) -> None:
    """Tells if a board's choice differs from the network of the project's bundle, which is used all the same."""
    if not _chooses(project_dir) or bundle_path.resolve() != Project.load(project_dir).bundle_dir.resolve():
        return
    has = Project.load(project_dir).config.model.architecture
    try:
        choice = _choice(project_dir, board, engine)
    except ConfigError as error:
        progress.say(f"{error.message}; the last bundle has {has}, and is used")
        return
    if choice.architecture != has:
        progress.say(
            f"{choice.in_words()}\nthe last bundle has {has}, and is used; to train the other one:"
            f" tinykws build --board {board.id}"
        )


def _chooses(project_dir: Path) -> bool:
    """Returns whether kws.yaml asks for a choice, and the bundle is or will be the project's own."""
    if not (project_dir / CONFIG_NAME).is_file() or Project.load(project_dir).size != AUTO:
        return False
    try:
        return imported_bundle(project_dir / "build" / "bundle") is None
    except ConfigError:  # a damaged bundle is made again
        return True


def _choice(project_dir: Path, board: Board, engine: str | None) -> SizeChoice:
    from tinykws.cost.size_choice import choose_size

    project = Project.load(project_dir)
    before = kept_size(project.build_dir)
    kept = before.architecture if before and not before.is_emulated else None
    return choose_size(load_config(project_dir / CONFIG_NAME), board, board.chosen_engine(engine), kept)
