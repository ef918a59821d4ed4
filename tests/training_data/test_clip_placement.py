# SPDX-License-Identifier: Apache-2.0
"""clip_placement: a recording's speech comes to the clip's end, whole, wherever it was and however long it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.audio.samples import Samples, fit_length
from tinykws.training_data.clip_placement import AFTER_SPEECH_MS, AS_RECORDED, AT_END, placed

CLIP = 24_000
AFTER = AFTER_SPEECH_MS * 16
STEP = 700
"""speech_edges finds ends to 10 ms, adds 20, and another 10 at the end of a recording; a tone ends near zero."""


def recording(before: int, speech: int, after: int) -> Samples:
    tone = 8000 * np.sin(np.arange(speech) * 0.3)
    sound = np.concatenate([np.zeros(before), tone, np.zeros(after)])
    return np.rint(sound + np.random.default_rng(5).normal(0, 3, sound.size)).astype(np.int16)


@given(st.integers(4_000, 30_000), st.integers(3_000, 20_000), st.integers(0, 30_000))
def test_the_speech_ends_where_it_should(before: int, speech: int, after: int) -> None:
    """With a tenth of quiet at least: a recording without any is taken as speech to its end."""
    clip = placed(recording(before, speech, after), CLIP, AT_END)
    assert clip.size == CLIP
    loud = np.flatnonzero(np.abs(clip.astype(int)) > 1000)
    assert CLIP - AFTER - STEP <= loud[-1] <= CLIP - AFTER
    assert loud[-1] - loud[0] == pytest.approx(speech, abs=30)


def test_what_is_longer_than_the_clip_loses_its_beginning() -> None:
    clip = placed(recording(100, 40_000, 100), CLIP, AT_END)
    loud = np.abs(clip.astype(int)) > 1000
    assert loud[:200].any()
    assert not loud[CLIP - AFTER + 1 :].any()


@pytest.mark.parametrize("size", [0, 1, 100, 16_000, 50_000])
def test_other_clips_stay_as_they_were_recorded(size: int) -> None:
    samples = np.random.default_rng(1).integers(-9000, 9000, size).astype(np.int16)
    np.testing.assert_array_equal(placed(samples, CLIP, AS_RECORDED), fit_length(samples, CLIP))
    assert placed(samples, CLIP, AT_END).size == CLIP
