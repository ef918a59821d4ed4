# SPDX-License-Identifier: Apache-2.0
"""A page of clips to look at and to listen to: one HTML file for any browser, beside the audio files it plays."""

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
from tinykws.support.templates import render


@dataclasses.dataclass(frozen=True)
class ClipCard:
    """One clip on a page."""

    source: str
    """What lists and reports call it."""
    words: str
    """What there is to say of it."""
    audio: Path
    features: npt.NDArray[np.int8]
    """int8 [n_frames, n_mels]: the picture is what the model sees."""


def write_clip_page(
    path: Path, title: str, introduction: str, cards: Iterable[ClipCard], *, list_name: str | None = None
) -> None:
    """Writes the page.

    Args:
        path: the HTML file.
        title: its heading.
        introduction: a sentence below it.
        cards: the clips, in order.
        list_name: the file into which ticked clips' names are to be put; None: nothing is asked.

    Raises:
        ToolError: matplotlib is not installed.
        ConfigError: the folder cannot be written.
    """
    shown = [
        {
            "source": card.source,
            "words": card.words,
            "audio": _link(card.audio, path.parent),
            "picture": base64.b64encode(features_png(card.features)).decode(),
        }
        for card in cards
    ]
    page = render("pages/clips.html", title=title, introduction=introduction, cards=shown, list_name=list_name)
    write_text_if_changed(path, page)


def _link(target: Path, folder: Path) -> str:
    """Returns how a page in a folder calls a file: relative, so that the project can be moved."""
    try:
        return quote(Path(os.path.relpath(target, folder)).as_posix())
    except ValueError:  # another drive on Windows
        return target.resolve().as_uri()
