# SPDX-License-Identifier: Apache-2.0
"""A page of clips whose names somebody else chose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinykws.reporting.clip_page import ClipCard, write_clip_page


def test_names_are_text_in_a_page_and_no_markup(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\"' \x1b]52;c;x\x07 \u202e a\udcff.wav"
    card = ClipCard(name, name, tmp_path / "data" / name, np.zeros((3, 4), np.int8))
    write_clip_page(tmp_path / "page.html", name.encode(errors="replace").decode(), "<b>", [card])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\\x1b]52;c;x\\x07 \\u202e a\\udcff.wav" in page
    assert "%FF.wav" in page
    assert "<b>" not in page
