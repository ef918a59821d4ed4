# SPDX-License-Identifier: Apache-2.0
"""Chooses how many unknown and silence clips are used in addition to the words, for each split.

Unknown clips are plentiful, and more different words lower the false accepts; beyond a point they only make training
slow. A split keeps up to as many unknown clips as it has clips of all words together, or of three words if there are
fewer. It may keep the same number of mined clips in addition: those are hard, but come from few speakers and sentences,
so they must not replace others. Silence gets half of a word's clips. (TensorFlow's speech_commands uses 10 % each for
ten words. These rules give 60 % unknown and 10 % silence for two words, 50 % and 2 % for ten. Training weights
classes.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tinykws.training_data.folders import MINED, SILENCE_INDEX, SPLITS, UNKNOWN_INDEX, ClipFile

UNKNOWN_PER_WORD = 3.0
"""Least number of unknown clips, relative to the mean number of clips per word."""
SILENCE_PER_WORD = 0.5
"""Silence clips relative to the mean number of clips per word."""


def balance_classes(clips: Sequence[ClipFile]) -> list[ClipFile]:
    """Returns the clips to use, sorted by split and label: all clips of words, and the chosen number of the others.

    A hash of the names chooses, so a new recording changes the choice only a little.
    """
    kept: list[ClipFile] = []
    for split in SPLITS:
        here = [clip for clip in clips if clip.split == split]
        kept += _chosen(here, SILENCE_INDEX, target_silence_count(clips, split))
        most = target_unknown_count(clips, split)
        kept += _chosen([clip for clip in here if not _is_mined(clip)], UNKNOWN_INDEX, most)
        kept += _chosen([clip for clip in here if _is_mined(clip)], UNKNOWN_INDEX, most)
        kept += sorted(
            (clip for clip in here if clip.label_id > UNKNOWN_INDEX), key=lambda clip: (clip.label_id, clip.source)
        )
    return kept


def target_unknown_count(clips: Sequence[ClipFile], split: str) -> int:
    """Returns the greatest number of unknown clips in a split, mined ones not counted."""
    per_word, n_words = _per_word(clips, split)
    return round(per_word * max(UNKNOWN_PER_WORD, n_words))


def target_silence_count(clips: Sequence[ClipFile], split: str) -> int:
    """Returns the number of silence clips in a split."""
    return round(_per_word(clips, split)[0] * SILENCE_PER_WORD)


def _per_word(clips: Sequence[ClipFile], split: str) -> tuple[float, int]:
    """Returns the mean number of a split's clips per word, and the number of words."""
    n_words = len({clip.label_id for clip in clips if clip.label_id > UNKNOWN_INDEX})
    here = sum(clip.split == split and clip.label_id > UNKNOWN_INDEX for clip in clips)
    return here / max(1, n_words), n_words


def _is_mined(clip: ClipFile) -> bool:
    """Returns whether `tinykws mine` found the clip."""
    return MINED in clip.source.split("/")[:-1]


def _chosen(clips: Sequence[ClipFile], label_id: int, count: int) -> list[ClipFile]:
    of_label = [clip for clip in clips if clip.label_id == label_id]
    by_hash = sorted(of_label, key=lambda clip: hashlib.sha256(clip.source.encode()).digest())
    return sorted(by_hash[:count], key=lambda clip: clip.source)
