# SPDX-License-Identifier: Apache-2.0
"""Where speech is found in a recording, and what is cut from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speech_like_noise import RATE, recording

from tinykws.audio.files import read_audio
from tinykws.audio.speech_bounds import cut_clip, speech_bounds


def in_ms(bounds: tuple[int, int] | None) -> tuple[int, int]:
    assert bounds is not None
    return bounds[0] * 1000 // RATE, bounds[1] * 1000 // RATE


@given(before=st.integers(10, 120), speech=st.integers(8, 70), after=st.integers(10, 120), rms=st.integers(400, 8000))
def test_speech_is_found_to_a_step(before: int, speech: int, after: int, rms: int) -> None:
    samples = recording((before * 10, 0), (speech * 10, rms), (after * 10, 0))
    first, last = in_ms(speech_bounds(samples, RATE))
    assert abs(first - before * 10) <= 10
    assert abs(last - (before + speech) * 10) <= 10


def test_a_words_silent_part_does_not_split_it() -> None:
    samples = recording((400, 0), (150, 2000), (120, 0), (200, 1500), (600, 0))
    assert in_ms(speech_bounds(samples, RATE)) == (400, 870)


def test_of_two_sounds_far_apart_the_stronger_is_taken() -> None:
    samples = recording((300, 0), (100, 800), (700, 0), (300, 3000), (500, 0))
    assert in_ms(speech_bounds(samples, RATE)) == (1100, 1400)


def test_a_whole_word_goes_before_the_key_that_was_pressed_and_the_word_that_was_cut() -> None:
    samples = recording((40, 5000), (500, 0), (400, 2500), (600, 0), (300, 3500))
    assert in_ms(speech_bounds(samples, RATE)) == (540, 940)
    samples = recording((400, 5000), (500, 0), (300, 600), (600, 0))
    assert in_ms(speech_bounds(samples, RATE)) == (0, 400), "but not a noise in the background"


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(32000, np.int16),
        np.full(32000, 900, np.int16),
        recording((2000, 0)),
        recording((2000, 0), room=3000.0),
        recording((1000, 0), (20, 9000), (1000, 0)),
        recording((1000, 0), (300, 6), (1000, 0), room=0.5),
        np.zeros(0, np.int16),
        np.ones(100, np.int16),
    ],
    ids=["zeros", "constant", "a room", "a loud room", "a click", "too faint", "nothing", "shorter than a step"],
)
def test_where_nobody_speaks_there_is_nothing(samples: np.ndarray) -> None:
    assert speech_bounds(samples, RATE) is None
    assert cut_clip(samples, RATE, RATE) is None


def test_a_clip_is_the_recordings_own_sound_with_the_speech_in_its_middle() -> None:
    samples = recording((900, 0), (400, 3000), (700, 0))
    clip = cut_clip(samples, RATE, RATE)
    assert clip is not None
    assert (clip.samples.size, clip.speech_ms, clip.defects) == (RATE, 400, ())
    assert clip.samples.tolist() == samples[600 * 16 : 1600 * 16].tolist()


@pytest.mark.parametrize(
    ("parts", "defect"),
    [
        (((20, 0), (400, 3000), (1500, 0)), "cut off at the start"),
        (((1500, 0), (400, 3000), (10, 0)), "cut off at the end"),
        (((300, 0), (1300, 3000), (400, 0)), "longer than the clip of 1000 ms"),
        (((800, 0), (400, 100), (800, 0)), "faint"),
        (((800, 0), (400, 30000), (800, 0)), "clipped"),
    ],
)
def test_what_is_wrong_with_a_clip_is_said(parts: tuple[tuple[int, float], ...], defect: str) -> None:
    clip = cut_clip(recording(*parts, room=2.0), RATE, RATE)
    assert clip is not None
    assert clip.samples.size == RATE, "whatever is wrong, the clip has its length"
    assert [defect in text for text in clip.defects] == [True]


def test_real_words_are_found_where_they_are(shared: Path) -> None:
    """People's recordings of a word, in the middle of a second and a half of the same room."""
    folder = shared / "data" / "speech_commands" / "yes"
    paths = sorted(folder.glob("*.flac"))[::20]
    assert len(paths) > 20
    found = 0
    for path in paths:
        samples = read_audio(path).samples
        clip = cut_clip(samples, RATE, RATE)
        found += clip is not None and 100 <= clip.speech_ms <= 1000
    assert found >= 0.9 * len(paths)
