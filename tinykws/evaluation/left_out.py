# SPDX-License-Identifier: Apache-2.0
"""What a word's recordings give: they are left out in turns, and heard by networks that were fine-tuned on the others.

Each network gets the threshold at which the wanted rate of false accepts is expected on sound without the words, so the
shares of the recordings that are found with and without fine-tuning can be compared. The scores are those of the float
network, averaged over a few rows; no detector is needed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.evaluation.score_peaks import SPACING_MS, Peaks
from tinykws.native.features import Features, features_of_clips
from tinykws.project.labels import FIRST_WORD
from tinykws.support.progress import SILENT, Progress
from tinykws.training.fine_tuning import FineTuner, Rows
from tinykws.training.running_mean import Weights
from tinykws.training_data.dataset import RECORDED_PREFIX, Dataset
from tinykws.training_data.folders import TRAINING, UNKNOWN_INDEX, VALIDATION, speaker_of

TURNS = 3
"""How often a part of the recordings is left out; each costs a fine-tuning."""
AVERAGED_ROWS = 3
FLOOR = 8.0
"""Noise after a clip, RMS of int16 samples, as in segments.py."""
MOST_NEGATIVES = 3600 * SAMPLE_RATE_HZ
"""An hour of sound without the words is heard."""
MOST_CLIPS = 600
BLOCK = 64
"""Sounds whose features are computed at a time."""

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class RecordingsGain:
    """What a word's recordings gave."""

    recordings: int
    speakers: int
    turns: int
    """How often a part of them was left out."""
    by_speaker: bool
    """Whether all recordings of a speaker were left out together."""
    share: float
    """Of the recordings among the words' clips in fine-tuning."""
    per_hour: float
    """False accepts per hour at which the left-out recordings were heard."""
    found_without: int
    """Left-out recordings that were found by the network that learned synthetic clips only."""
    found_with: int
    """Those that were found by networks fine-tuned on the others."""
    used: bool
    """Whether the network that is kept was fine-tuned: not if it finds fewer."""

    def in_words(self) -> str:
        """Returns what they gave, as text."""
        who = "of one speaker" if self.speakers == 1 else f"of {self.speakers} speakers"
        kept = "fine-tuned on all of them" if self.used else "not fine-tuned on them"
        how = "by speaker" if self.by_speaker else "clip by clip"
        return (
            f"{self.recordings} recordings {who}, left out in {self.turns} turns {how}: at {self.per_hour:g} false"
            f" accepts per hour, networks fine-tuned on the others find {self.found_with} of {self.recordings}, the one"
            f" of synthetic clips {self.found_without}; the network is {kept}"
        )


def recordings_gain(
    tuner: FineTuner,
    dataset: Dataset,
    recordings: Rows,
    *,
    negatives: Sequence[Samples],
    per_hour: float,
    progress: Progress = SILENT,
) -> tuple[RecordingsGain, Weights]:
    """Fine-tunes on parts of the recordings and hears the rest, then on all if they help; returns the weights to keep.

    Args:
        tuner: with the weights of the network that learned synthetic clips.
        dataset: the clips.
        recordings: training rows of the recordings, at least two.
        negatives: sound without the words that training did not use, int16 [m]; if empty, unknown validation clips.
        per_hour: false accepts per hour at which recordings are heard.
        progress: shows progress.
    """
    hearing = _Hearing(tuner, dataset, negatives, per_hour)
    before, start = hearing.margins(recordings), tuner.weights()
    parts = parts_in_turn([dataset.sources(TRAINING)[row] for row in recordings])
    after = np.zeros(len(recordings))
    for part in progress.track(parts, "leaving recordings out", len(parts)):
        tuner.tune(np.delete(recordings, part))
        after[part] = hearing.margins(recordings[part])
    found_without, found_with = int(np.sum(before > 0)), int(np.sum(after > 0))
    used = (found_with, float(after.mean())) >= (found_without, float(before.mean()))
    speakers = {_speaker(dataset.sources(TRAINING)[row]) for row in recordings}
    gain = RecordingsGain(
        recordings=len(recordings),
        speakers=len(speakers),
        turns=len(parts),
        by_speaker=len(speakers) >= TURNS,
        share=tuner.share,
        per_hour=per_hour,
        found_without=found_without,
        found_with=found_with,
        used=used,
    )
    if not used:
        return gain, start
    tuner.tune(recordings)
    return gain, tuner.weights()


def parts_in_turn(sources: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """Returns places of recordings that are left out together; each is in one part.

    All of a speaker are in the same part if there are speakers for TURNS parts.
    """
    speakers = [_speaker(source) for source in sources]
    names = sorted(set(speakers), key=lambda name: (-speakers.count(name), name))
    groups = speakers if len(names) >= TURNS else list(sources)
    sizes = {name: groups.count(name) for name in dict.fromkeys(groups)}
    parts: list[list[int]] = [[] for _ in range(min(TURNS, len(sizes)))]
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        smallest = min(parts, key=len)
        smallest += [at for at, group in enumerate(groups) if group == name]
    return [np.array(sorted(part), np.int64) for part in parts]


class _Hearing:
    """Hears recordings at the threshold of the wanted rate."""

    def __init__(self, tuner: FineTuner, dataset: Dataset, negatives: Sequence[Samples], per_hour: float) -> None:
        self._tuner, self._dataset, self._per_hour = tuner, dataset, per_hour
        sound = _joined(negatives) if negatives else _other_words(dataset)
        self._hours = sound.size / SAMPLE_RATE_HZ / 3600
        length = tuner.frontend.clip_samples
        # a segment's rows continue those of the one before; the last, shorter one is not heard
        rows = 1 + (length - dataset.frontend.clip_samples) // (tuner.row_ms * SAMPLE_RATE_HZ // 1000)
        step = rows * tuner.row_ms * SAMPLE_RATE_HZ // 1000
        segments = [sound[at : at + length] for at in range(0, max(1, sound.size - length + 1), step)]
        self._negatives = self._features(segments)

    def margins(self, rows: Rows) -> Floats:
        """Returns float [n]: by how many bits the score of each training clip exceeds the threshold."""
        clips = self._features([self._dataset.clips(TRAINING)[row] for row in rows])
        label_ids = np.asarray(self._dataset.label_ids(TRAINING))[rows]
        bits = self._bits(clips)
        peaks = np.array([bits[at, :, label_id].max() for at, label_id in enumerate(label_ids)])
        return np.asarray(peaks - self._threshold())

    def _threshold(self) -> float:
        bits = self._bits(self._negatives)[:, :, FIRST_WORD:].max(axis=2).ravel()
        spacing = SPACING_MS // self._tuner.row_ms
        intervals = bits[: max(1, len(bits) // spacing) * spacing].reshape(-1, min(spacing, len(bits)))
        return Peaks(np.sort(intervals.max(axis=1))[::-1], self._hours).height_at(self._per_hour)

    def _bits(self, features: Features) -> Floats:
        """Returns float [n, rows, n_labels]: each label's log-odds, averaged over a few rows."""
        logits = self._tuner.logits(features).astype(np.float64)
        odds = np.stack([logits[:, :, at] - _of_others(logits, at) for at in range(logits.shape[2])], axis=2)
        sums = np.cumsum(np.pad(odds, ((0, 0), (AVERAGED_ROWS, 0), (0, 0)), mode="edge"), axis=1)
        return np.asarray((sums[:, AVERAGED_ROWS:] - sums[:, :-AVERAGED_ROWS]) / AVERAGED_ROWS / np.log(2))

    def _features(self, sounds: Sequence[Samples]) -> Features:
        """Returns the features of sounds, faint noise after them up to the length of a segment."""
        frontend, rng = self._tuner.frontend, np.random.default_rng(1)
        floor = (FLOOR * rng.standard_normal(frontend.clip_samples)).astype(np.int16)
        blocks = [sounds[start : start + BLOCK] for start in range(0, len(sounds), BLOCK)]
        return np.concatenate(
            [
                features_of_clips(np.stack([np.concatenate([one, floor[one.size :]]) for one in block]), frontend)
                for block in blocks
            ]
        )


def _of_others(logits: Floats, label_id: int) -> Floats:
    others = np.delete(logits, label_id, axis=2)
    return np.asarray(np.logaddexp.reduce(others, axis=2))


def _joined(negatives: Sequence[Samples]) -> Samples:
    return np.concatenate(list(negatives))[:MOST_NEGATIVES]


def _other_words(dataset: Dataset) -> Samples:
    rows = np.flatnonzero(np.asarray(dataset.label_ids(VALIDATION)) == UNKNOWN_INDEX)[:MOST_CLIPS]
    silence = np.zeros(SAMPLE_RATE_HZ, np.int16)
    return np.concatenate([silence, *(dataset.clips(VALIDATION)[row] for row in rows)])


def _speaker(source: str) -> str:
    return speaker_of(source.removeprefix(RECORDED_PREFIX))
