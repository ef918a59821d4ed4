# SPDX-License-Identifier: Apache-2.0
"""What the plots show: text of any project and words, shares as well as counts, and the wanted rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinykws.reporting import plots


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Figures as they are saved."""
    pytest.importorskip("matplotlib")
    saved: list[Any] = []
    save = plots._save

    def keep(figure: Any, path: Path) -> None:
        save(figure, path)
        saved.append(figure)

    monkeypatch.setattr(plots, "_save", keep)
    return saved


def test_the_confusion_matrix_has_shares_as_well_as_counts(tmp_path: Path, figures: list[Any]) -> None:
    title = plots.title_of("hello", ["yes", "$x^$"], "abc, int8")
    plots.plot_confusion_matrix(tmp_path / "a.png", [[30, 10, 0], [0, 1, 2], [0, 0, 0]], ["yes", "$x^$", "\x1b"], title)
    axes = figures[0].axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "30\n75%",
        "10\n25%",
        "0",
        "0",
        "1\n33%",
        "2\n67%",
        "0",
        "0",
        "0",
    ]
    assert axes.get_title() == "hello: yes, \\$x^\\$\nabc, int8"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["yes", "\\$x^\\$", "\\x1b"]
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_the_stream_curve_marks_the_wanted_rate(tmp_path: Path, figures: list[Any]) -> None:
    points = [(0.0, 0.5), (2.0, 0.9)]
    plots.plot_stream_curve(
        tmp_path / "a.png", "hello: yes\nx", points=points, limits=points, words={"yes": points},
        deployed=(0.4, 0.7), wanted=0.5,
    )  # fmt: skip
    axes = figures[0].axes[0]
    assert "wanted: 0.5 per hour" in [text.get_text() for text in axes.get_legend().get_texts()]
    assert [0.5, 0.5] in [list(line.get_xdata()) for line in axes.lines]


def test_learning_curves_name_project_and_words(tmp_path: Path, figures: list[Any]) -> None:
    record = dict.fromkeys(["epoch", "loss", "validation_loss", "accuracy", "validation_accuracy"], 1.0)
    record["validation_mean_recall"] = 1.0
    plots.plot_learning_curves(tmp_path / "a.png", [record], 1, plots.title_of("hello", ["yes"], "ds_tcn"))
    assert figures[0].get_suptitle() == "hello: yes\nds_tcn"


def test_a_long_list_of_words_is_cut() -> None:
    assert len(plots.title_of("p", ["word"] * 100, "x")) < 80


@pytest.mark.slow
def test_a_dollar_sign_is_a_dollar_sign(tmp_path: Path) -> None:
    words = ["yes$^$", "a$_$b", "$5", "да"]
    names = [tmp_path / f"{number}.png" for number in range(3)]
    plots.plot_confusion_matrix(names[0], [[1] * 4] * 4, words, "$^$")
    plots.plot_stream_curve(
        names[1], "$^$",
        points=[(0, 0.5), (3, 0.9)], limits=[(0, 1), (0, 1)],
        words={word: [(0, 0.1)] for word in words}, deployed=(1, 1),
    )  # fmt: skip
    plots.plot_sound(names[2], np.ones(16000, np.int16), 16000, "$^$.wav")
    assert all(name.read_bytes().startswith(b"\x89PNG") for name in names)
