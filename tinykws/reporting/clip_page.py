# SPDX-License-Identifier: Apache-2.0
"""Writes a page of clips to look at and to listen to: one HTML file that links to the audio files."""

from __future__ import annotations

import base64
import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from tinykws.reporting.plots import features_png
from tinykws.support.files import write_text_if_changed
from tinykws.support.safe_text import visible_line
from tinykws.support.templates import render


@dataclasses.dataclass(frozen=True)
class ClipCard:
    """One clip on a page."""

    source: str
    """The clip's name in lists and reports."""
    words: str
    """Text about the clip."""
    audio: Path
    features: npt.NDArray[np.int8]
    """int8 [n_frames, n_mels]: the model's input, shown as a picture."""


def write_clip_page(
    path: Path, title: str, introduction: str, cards: Iterable[ClipCard], *, list_name: str | None = None
) -> None:
    """Writes the page.

    Args:
        path: the HTML file.
        title: its heading.
        introduction: a sentence below the heading.
        cards: the clips, in order.
        list_name: the file to which the user should add the names of ticked clips; None: nothing to tick.

    Raises:
        ToolError: matplotlib is not installed.
        ConfigError: the folder is not writable.
    """
    shown = [
        {
            "source": visible_line(card.source),
            "words": visible_line(card.words),
            "audio": _link(card.audio, path.parent),
            "picture": base64.b64encode(features_png(card.features)).decode(),
        }
        for card in cards
    ]
    page = render("pages/clips.html", title=title, introduction=introduction, cards=shown, list_name=list_name)
    write_text_if_changed(path, page)


def _link(target: Path, folder: Path) -> str:
    """Returns the address of a file for a page in a folder: relative, so that the project can be moved."""
    try:
        return quote(Path(os.path.relpath(target, folder)).as_posix(), errors="surrogateescape")
    except ValueError:  # another drive on Windows
        return target.resolve().as_uri()
