# SPDX-License-Identifier: Apache-2.0
"""The rows that a teacher makes of a sound, and what its head learns from each: as in segments, of one clip alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples
from tinykws.project.labels import FIRST_WORD
from tinykws.training.segments import EITHER_MS, FLOOR, HEARD_MS, NOT_COUNTED
from tinykws.training.teachers.kept_embeddings import Half
from tinykws.training_data.augmentation.word_position import speech_edges
from tinykws.training_data.folders import SILENCE_INDEX, UNKNOWN_INDEX

HEARD = HEARD_MS * SAMPLE_RATE_HZ // 1000
EITHER = EITHER_MS * SAMPLE_RATE_HZ // 1000
NOISE_SAMPLES = 10 * SAMPLE_RATE_HZ
"""The faint noise repeats after so many."""


@dataclasses.dataclass(frozen=True)
class Track:
    """A sound's rows."""

    rows: Half
    """[n, size]."""
    targets: npt.NDArray[np.int8]
    """[n]: a label, or NOT_COUNTED."""


def heard_by_a_teacher(sound: Samples, silence_samples: int = HEARD) -> Samples:
    """Returns the sound with silence after it, int16 [m], and with the faint noise that every microphone has."""
    noise = np.rint(FLOOR * np.random.default_rng(0).standard_normal(NOISE_SAMPLES)).astype(np.int32)
    heard = np.resize(noise, len(sound) + silence_samples)
    heard[: len(sound)] += sound
    return np.clip(heard, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def clip_targets(clip: Samples, label_id: int, n_rows: int, hop_samples: int) -> npt.NDArray[np.int8]:
    """Returns what the rows of a clip must say, int8 [n_rows]."""
    if label_id == SILENCE_INDEX:
        return np.full(n_rows, SILENCE_INDEX, np.int8)
    begin, end = (int(edge[0]) for edge in speech_edges(np.asarray(clip, np.float32)[None]))
    row_ends = (np.arange(n_rows) + 1) * hop_samples
    targets = np.where(row_ends < begin, SILENCE_INDEX, UNKNOWN_INDEX).astype(np.int8)
    if label_id >= FIRST_WORD:
        targets[row_ends >= end - EITHER] = NOT_COUNTED
        targets[(row_ends >= end) & (row_ends < end + HEARD)] = label_id
    return targets
