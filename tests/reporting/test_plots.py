# SPDX-License-Identifier: Apache-2.0
"""Plots of any words and file names: matplotlib takes nothing in them for a formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykws.reporting.plots import plot_confusion_matrix, plot_sound, plot_stream_curve

WORDS = ["yes$^$", "a$_$b", "$5", "да"]


@pytest.mark.slow
def test_a_dollar_sign_is_a_dollar_sign(tmp_path: Path) -> None:
    names = [tmp_path / f"{number}.png" for number in range(3)]
    plot_confusion_matrix(names[0], [[1] * 4] * 4, WORDS, "$^$")
    plot_stream_curve(
        names[1], "$^$",
        points=[(0, 0.5), (3, 0.9)], limits=[(0, 1), (0, 1)],
        words={word: [(0, 0.1)] for word in WORDS}, deployed=(1, 1),
    )  # fmt: skip
    plot_sound(names[2], np.ones(16000, np.int16), 16000, "$^$.wav")
    assert all(name.read_bytes().startswith(b"\x89PNG") for name in names)
