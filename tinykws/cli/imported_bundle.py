# SPDX-License-Identifier: Apache-2.0
"""A bundle made from somebody else's model: it is used as it is, and never replaced without a word."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tinykws.cli.terminal import confirm
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError, TinykwsError
from tinykws.support.progress import Progress

if TYPE_CHECKING:
    from tinykws.model.bundle import Bundle


def imported_bundle(path: Path) -> Bundle | None:
    """Returns the bundle in a folder if it was imported; `tune` would replace it by one that is trained."""
    from tinykws.model.bundle import load_bundle

    bundle = load_bundle(path) if path.is_dir() else None
    return bundle if bundle is not None and bundle.origin == "imported" else None


def told_of(bundle: Bundle | None, progress: Progress) -> Bundle | None:
    """Returns the bundle; if there is one, says that it is used."""
    if bundle is not None:
        progress.say(f"bundle: imported model {bundle.model_id}, nothing to train")
    return bundle


def confirm_replacing_import(path: Path) -> None:
    """Asks before an imported model is replaced by a trained one; without a terminal it refuses.

    Raises:
        ConfigError: there is an imported model, and nobody to ask.
    """
    try:
        bundle = imported_bundle(path)
    except TinykwsError:  # a damaged bundle is made again
        return
    if bundle is not None:
        confirm_replacing(
            f"{path} holds the imported model {bundle.model_id}; the one that is trained here would replace it",
            "train in another folder: --project FOLDER\nor replace the imported model: tinykws tune --force",
        )


def confirm_replacing_trained(path: Path) -> None:
    """Asks before a trained model is replaced by an imported one. Raises ConfigError if there is nobody to ask."""
    try:
        is_free = not path.exists() or imported_bundle(path) is not None
    except TinykwsError:
        is_free = False
    if not is_free:
        confirm_replacing(
            f"{path} holds a model that was trained here; the imported one would replace it",
            "import it into another folder: --project FOLDER\nor replace the trained model: --force",
        )


def confirm_replacing(question: str, hint: str) -> None:
    """Asks whether to replace something. Raises ConfigError with the hint if there is no terminal to ask on."""
    if not sys.stdin.isatty():
        raise ConfigError(question, hint=hint)
    confirm(f"{question}. Replace it?")


def refuse_other_clips(bundle: Bundle, project: Project) -> None:
    """Raises ConfigError before clips are synthesized that the imported model cannot be measured on."""
    model, clips = ([label.name for label in labels] for labels in (bundle.labels, project.config.labels))
    if model != clips:
        words = ", ".join(label.text for label in bundle.labels[2:])
        raise ConfigError(
            f"the imported model {bundle.model_id} has the labels {', '.join(model)}; the project's clips have"
            f" {', '.join(clips)}",
            hint=f"set `words: [{words}]` in kws.yaml\nor return to a model of your own: tinykws tune --force",
        )
    if bundle.frontend != project.config.frontend and not bundle.detector.is_streaming:
        raise ConfigError(
            f"the imported model {bundle.model_id} was imported with other `features` than kws.yaml has now",
            hint="import it again: tinykws quantize --from FILE --labels LABELS",
        )
