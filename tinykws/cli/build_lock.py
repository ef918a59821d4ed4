# SPDX-License-Identifier: Apache-2.0
"""One command works in a project at a time: the others wait, and say for whom."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from tinykws.support.progress import Progress
from tinykws.support.project_lock import locked


def build_lock(build_dir: Path, progress: Progress) -> contextlib.AbstractContextManager[None]:
    """Returns a context that holds the project's lock."""
    context = click.get_current_context(silent=True)
    return locked(build_dir, context.command_path if context else "tinykws", progress.say)


def hold_until_the_command_ends(build_dir: Path, progress: Progress) -> None:
    """Takes the project's lock, and keeps it until the running command ends, however it does.

    Commands that build firmware and use it need it as a whole: the bundle, the generated project, the program and the
    log belong together. Outside of a command nothing is locked.
    """
    context = click.get_current_context(silent=True)
    if context is not None:
        context.with_resource(build_lock(build_dir, progress))
