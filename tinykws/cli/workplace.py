# SPDX-License-Identifier: Apache-2.0
"""What the commands after the bundle work on: a bundle from elsewhere, an imported one, or the last that was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinykws.cli.build_lock import hold_until_the_command_ends
from tinykws.cli.imported_bundle import imported_bundle, refuse_other_clips, told_of
from tinykws.cli.run_stages import run_until
from tinykws.cli.stages_in_order import ORDER, first_stale, stale_notice
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress
from tinykws.training.architectures.registry import check_architecture

if TYPE_CHECKING:
    from tinykws.model.bundle import Bundle


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
    hold: bool = False,
    before_stages: Callable[[], None] = lambda: None,
) -> Workplace:
    """Returns the bundle to work with: the named one, the one imported into the project, or the project's own.

    The project's own is the last one that was made: if stages are out of date, `progress.say` tells which, why, and how
    long they take. They run only with `rebuild`, or if there is no bundle yet; `before_stages` is called before that,
    and may refuse it. With `hold`, no other command works in the project until the running one ends.

    Raises:
        ConfigError: neither kws.yaml nor a bundle exists, or one of them is wrong.
    """
    from tinykws.model.bundle import load_bundle

    build_dir = project_dir / "build"
    if bundle_dir is None and not (build_dir / "bundle").is_dir():
        # refused before anything is made in a folder that is no project
        check_architecture(Project.load(project_dir).config.model.architecture)
    if bundle_dir is not None:
        load_bundle(bundle_dir)
    if hold:
        hold_until_the_command_ends(build_dir, progress)
    if bundle_dir is not None:
        return Workplace(load_bundle(bundle_dir), build_dir, project_dir)
    imported = told_of(imported_bundle(build_dir / "bundle"), progress)
    if imported is not None:
        return Workplace(imported, build_dir, project_dir)
    project = Project.load(project_dir)
    if (rebuild or not project.bundle_dir.is_dir()) and first_stale(project) is not None:
        before_stages()
    use_last_or_run(project, "tune", [project.bundle_dir], progress, rebuild=rebuild)
    return Workplace(load_bundle(project.bundle_dir), build_dir, project_dir)


def run_for_evaluation(project: Project, progress: Progress, *, rebuild: bool = False) -> None:
    """Makes the project's bundle and dataset. An imported bundle stays, and is what is measured.

    Raises:
        ConfigError: the imported model has other labels or features than the project's clips.
    """
    try:
        bundle = told_of(imported_bundle(project.bundle_dir), progress)
    except ConfigError:  # a damaged bundle is made again
        bundle = None
    if bundle is None:
        use_last_or_run(project, "tune", [project.bundle_dir, project.dataset_dir], progress, rebuild=rebuild)
        return
    refuse_other_clips(bundle, project)
    run_until(project, "prepare", progress)


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
