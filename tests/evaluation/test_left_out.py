# SPDX-License-Identifier: Apache-2.0
"""What recordings give, by leaving some out in turns: counted on what was left out, and never worse than without."""

from __future__ import annotations

import dataclasses
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from tinykws.evaluation.left_out import TURNS, RecordingsGain, parts_in_turn, recordings_gain
from tinykws.native.features import Features
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.training.fine_tuning import FineTuner, Rows
from tinykws.training.running_mean import Weights
from tinykws.training_data.dataset import Dataset

FRONTEND = FrontendSettings(clip_ms=500)
LABELS = ("silence", "unknown", "yes")


def tone(loudness: float, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Half a second of faint noise that ends with a tone of 150 ms as loud as this."""
    sound = 20 * rng.standard_normal(8000)
    sound[-2400:] += loudness * np.sin(2 * np.pi * 3000 * np.arange(2400) / 16000)
    return np.asarray(sound, np.int16)


def dataset(speakers: int, count: int = 12) -> Dataset:
    """Recordings of a tone, `yes`, and a clip of noise."""
    rng = np.random.default_rng(2)
    sources = [f"data/yes/anna{at % speakers}_nohash_{at}.wav" for at in range(count)] + ["synth/other/m_nohash_0.wav"]
    clips = np.array([tone(8000, rng) for _ in range(count)] + [tone(0, rng)])
    return Dataset(
        labels=LABELS,
        frontend=FRONTEND,
        noise=[],
        split_sizes={"training": count, "validation": 1, "testing": 0},
        all_sources=sources,
        keys=sources,
        all_label_ids=np.array([2] * count + [1]),
        all_clips=clips,
        all_features=np.zeros((count + 1, *FRONTEND.features_shape), np.int8),
    )


@pytest.fixture(autouse=True)
def loudness_as_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each frame's features are its loudness, so that the network below need not be trained."""

    def features(clips: npt.NDArray[np.int16], frontend: FrontendSettings) -> Features:
        starts = np.arange(frontend.n_frames) * frontend.stride_samples
        loud = [np.abs(clips[:, start : start + frontend.window_samples].astype(int)).max(axis=1) for start in starts]
        return np.repeat(np.stack(loud, axis=1)[:, :, None] // 100, frontend.n_mels, axis=2).astype(np.int8)

    monkeypatch.setattr("tinykws.evaluation.left_out.features_of_clips", features)


class Tuner:
    """Hears tones, by some bits more than before if it was fine-tuned on at least `needed` recordings."""

    share = 0.5
    row_ms = 40
    frontend = dataclasses.replace(FRONTEND, clip_ms=500 + 63 * 40)

    def __init__(self, bits: float, gained: float, needed: int = 4) -> None:
        self.bits, self.gained, self.needed = bits, gained, needed
        self.now = bits
        self.tuned_on: list[list[int]] = []

    def tune(self, recordings: Rows) -> None:
        self.tuned_on.append([int(row) for row in recordings])
        self.now = self.bits + (self.gained if len(recordings) >= self.needed else 0.0)

    def weights(self) -> Weights:
        return [np.array(self.now)]

    def logits(self, features: Features) -> npt.NDArray[np.float32]:
        """The word's logit in a row is `now` if the frame at its end has a tone, else lower."""
        high = features[:, FRONTEND.n_frames - 1 :: 2, 0][:, :64] > 40
        logits = np.zeros((*high.shape, len(LABELS)), np.float32)
        logits[:, :, 2] = np.where(high, self.now, -6)
        return logits


def gain_of(tuner: Tuner, clips: Dataset, hours: float = 0.1) -> tuple[RecordingsGain, float]:
    talk = np.tile(tone(0, np.random.default_rng(1)), int(hours * 7200))
    rows = np.arange(clips.split_sizes["training"])
    gain, weights = recordings_gain(cast(FineTuner, tuner), clips, rows, negatives=[talk], per_hour=0.5)
    return gain, float(weights[0])


def test_the_left_out_recordings_are_counted() -> None:
    tuner = Tuner(bits=-3.0, gained=12.0)
    gain, kept = gain_of(tuner, dataset(speakers=1))
    assert (gain.recordings, gain.speakers, gain.turns, gain.by_speaker) == (12, 1, TURNS, False)
    assert (gain.found_without, gain.found_with, gain.used) == (0, 12, True)
    assert kept == 9.0
    *parts, everything = tuner.tuned_on
    assert everything == list(range(12))
    assert sorted(row for part in parts for row in set(range(12)) - set(part)) == list(range(12))


@pytest.mark.parametrize(("bits", "gained"), [(9.0, -12.0), (-3.0, -3.0), (3.0, -0.5)])
def test_worse_is_not_kept(bits: float, gained: float) -> None:
    tuner = Tuner(bits=bits, gained=gained)
    gain, kept = gain_of(tuner, dataset(speakers=4))
    assert not gain.used
    assert kept == bits
    assert len(tuner.tuned_on) == TURNS, "nothing is trained that is not kept"
    assert "not fine-tuned on them" in gain.in_words()


def test_without_long_recordings_other_words_are_heard() -> None:
    clips = dataset(speakers=1)
    gain, _ = recordings_gain(cast(FineTuner, Tuner(-3.0, 12.0)), clips, np.arange(12), negatives=[], per_hour=100)
    assert (gain.found_without, gain.found_with) == (0, 12)


@pytest.mark.parametrize(
    ("speakers", "together"), [(["a"] * 20, False), (["a", "b"] * 10, False), (list("abcde") * 4, True)]
)
def test_all_recordings_are_left_out_once(speakers: list[str], together: bool) -> None:
    sources = [f"data/yes/{speaker}_nohash_{at}.wav" for at, speaker in enumerate(speakers)]
    parts = parts_in_turn(sources)
    assert len(parts) == TURNS
    assert sorted(np.concatenate(parts)) == list(range(20))
    assert max(map(len, parts)) - min(map(len, parts)) <= 4
    homes = [
        {at for at, part in enumerate(parts) for place in part if speakers[place] == name} for name in set(speakers)
    ]
    assert all(len(home) == 1 for home in homes) is together
