# SPDX-License-Identifier: Apache-2.0
"""A teacher hears each sound once, whatever else changes, and what is kept does not grow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from small_teachers import Spectrum

from tinykws.audio.samples import Samples
from tinykws.support.progress import SILENT, Progress, T
from tinykws.training.teachers.kept_embeddings import KeptEmbeddings


def sounds(count: int) -> list[Samples]:
    random = np.random.default_rng(4)
    return [(random.standard_normal(1280 * (2 + at % 3)) * 1000).astype(np.int16) for at in range(count)]


def of(teacher: Spectrum, path: Path, heard: list[Samples]) -> list[np.ndarray]:
    return list(KeptEmbeddings(teacher, path, SILENT).of(heard))


def test_each_sound_is_heard_once(tmp_path: Path) -> None:
    path, made = tmp_path / "teacher" / "rows.npz", sounds(6)
    teacher = Spectrum()
    rows = of(teacher, path, [*made[:5], made[0]])
    assert teacher.heard == 5
    for sound, got in zip([*made[:5], made[0]], rows, strict=True):
        np.testing.assert_allclose(got, Spectrum().embed(sound), rtol=1e-3)
    again = Spectrum()
    for got, expected in zip(of(again, path, made[4:0:-1]), rows[4:0:-1], strict=True):
        np.testing.assert_array_equal(got, expected)
    assert again.heard == 0
    of(again, path, made)
    assert again.heard == 2  # the new one, and the first, which the last call did not need


class Interrupting(Progress):
    """Ctrl-C before the third item."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        for at, item in enumerate(items):
            if at == 2:
                raise KeyboardInterrupt
            yield item


def test_what_was_heard_before_an_interrupt_is_kept(tmp_path: Path) -> None:
    path, made, teacher = tmp_path / "rows.npz", sounds(5), Spectrum()
    with pytest.raises(KeyboardInterrupt):
        KeptEmbeddings(teacher, path, Interrupting()).of(made)
    assert teacher.heard == 2
    of(teacher, path, made)
    assert teacher.heard == 5


@pytest.mark.parametrize("damage", ["another teacher", "cut", "text", "empty"])
def test_what_cannot_be_used_is_made_again(tmp_path: Path, damage: str) -> None:
    path, made = tmp_path / "rows.npz", sounds(3)
    expected = of(Spectrum(), path, made)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage != "another teacher":
        path.write_bytes(b"" if damage == "empty" else b"no archive")
    teacher = Spectrum("2" if damage == "another teacher" else "1")
    for got, same in zip(of(teacher, path, made), expected, strict=True):
        np.testing.assert_array_equal(got, same)
    assert teacher.heard == 3
