# SPDX-License-Identifier: Apache-2.0
"""How many unknown and silence clips stand beside the words, split by split.

Unknown clips are many and cheap, and every further word among them lowers false accepts; beyond a point they only
make training slow. At most as many as all words together are kept, and never fewer than three words' worth; as many
mined ones may stand beside them, and push none out: those are hard, but of few speakers and sentences. Silence is half
a word's worth. (Upstream's training takes 10 % each, which is for ten words; these give 60 % unknown and 10 % silence
for two words, 50 % and 2 % for ten. Training weighs the classes.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tinykws.training_data.folders import MINED, SILENCE_INDEX, SPLITS, UNKNOWN_INDEX, ClipFile

UNKNOWN_PER_WORD = 3.0
SILENCE_PER_WORD = 0.5


def balanced(clips: Sequence[ClipFile]) -> list[ClipFile]:
    """Returns the clips to use, sorted by split and label: all words, and of the rest as many as wanted.

    Which ones is decided by a hash of their names, so a new recording changes little of the choice.
    """
    kept: list[ClipFile] = []
    for split in SPLITS:
        here = [clip for clip in clips if clip.split == split]
        kept += _chosen(here, SILENCE_INDEX, wanted_silence(clips, split))
        most = wanted_unknown(clips, split)
        kept += _chosen([clip for clip in here if not _is_mined(clip)], UNKNOWN_INDEX, most)
        kept += _chosen([clip for clip in here if _is_mined(clip)], UNKNOWN_INDEX, most)
        kept += sorted(
            (clip for clip in here if clip.label_id > UNKNOWN_INDEX), key=lambda clip: (clip.label_id, clip.source)
        )
    return kept


def wanted_unknown(clips: Sequence[ClipFile], split: str) -> int:
    """Returns how many unknown clips a split may have."""
    per_word, n_words = _per_word(clips, split)
    return round(per_word * max(UNKNOWN_PER_WORD, n_words))


def wanted_silence(clips: Sequence[ClipFile], split: str) -> int:
    """Returns how many silence clips a split shall have."""
    return round(_per_word(clips, split)[0] * SILENCE_PER_WORD)


def _per_word(clips: Sequence[ClipFile], split: str) -> tuple[float, int]:
    """Returns the mean number of a split's clips per word, and the number of words."""
    n_words = len({clip.label_id for clip in clips if clip.label_id > UNKNOWN_INDEX})
    here = sum(clip.split == split and clip.label_id > UNKNOWN_INDEX for clip in clips)
    return here / max(1, n_words), n_words


def _is_mined(clip: ClipFile) -> bool:
    """Returns whether `tinykws mine` found the clip."""
    return clip.path.parent.name == MINED


def _chosen(clips: Sequence[ClipFile], label_id: int, count: int) -> list[ClipFile]:
    of_label = [clip for clip in clips if clip.label_id == label_id]
    by_hash = sorted(of_label, key=lambda clip: hashlib.sha256(clip.source.encode()).digest())
    return sorted(by_hash[:count], key=lambda clip: clip.source)
