# SPDX-License-Identifier: Apache-2.0
"""Gives a word validation or training clips if the hash of its few speakers gave it none.

With two or three speakers, the hash often puts all of them into training. Then the speaker whose hash is nearest to
validation is used for it. Recordings of one speaker only are divided by clip instead.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from tinykws.training_data.folders import (
    TRAINING,
    UNKNOWN_INDEX,
    VALIDATION,
    ClipFile,
    split_percentage,
)

VALIDATION_SHARE = 0.1
"""Of the clips, if all are of one speaker."""


@dataclasses.dataclass(frozen=True)
class Filled:
    """Clips with their splits, and what was changed, as text."""

    clips: list[ClipFile]
    notes: tuple[str, ...] = ()


def fill_splits(clips: Sequence[ClipFile], may_move: Callable[[ClipFile], bool]) -> Filled:
    """Returns the clips so that, if possible, each word has clips for training and for validation.

    Args:
        clips: all clips of a project.
        may_move: whether a clip's split may be changed, for clips that no list decides.
    """
    filled = Filled(list(clips))
    for split, other in ((VALIDATION, TRAINING), (TRAINING, VALIDATION)):
        for label_id in sorted(_words(clips)):
            if not _has(filled.clips, label_id, split):
                filled = _fill(filled, label_id, split, other, may_move)
    return filled


def fill_training(clips: Sequence[ClipFile], is_recorded: Callable[[ClipFile], bool]) -> Filled:
    """Returns the clips so that, if possible, each word that has recordings has some for training.

    A word may have synthetic clips in all splits, and yet the hash may put its only speaker into testing.

    Args:
        clips: all clips of a project.
        is_recorded: whether a clip is a recording whose split may be changed.
    """
    recorded = Filled([clip for clip in clips if is_recorded(clip)])
    for label_id in sorted(_words(recorded.clips)):
        if not _has(recorded.clips, label_id, TRAINING):
            recorded = _fill(recorded, label_id, TRAINING, VALIDATION, is_recorded)
    moved = {clip.source: clip for clip in recorded.clips}
    return Filled([moved.get(clip.source, clip) for clip in clips], recorded.notes)


def _fill(filled: Filled, label_id: int, split: str, other: str, may_move: Callable[[ClipFile], bool]) -> Filled:
    movable = {clip.source for clip in filled.clips if may_move(clip) and clip.split != split}
    of_word = [clip for clip in filled.clips if clip.label_id == label_id and clip.source in movable]
    if not of_word:
        return filled
    speakers = sorted({clip.speaker for clip in of_word}, key=split_percentage)
    for speaker in speakers if split == VALIDATION else reversed(speakers):
        moved = [
            dataclasses.replace(clip, split=split) if clip.source in movable and clip.speaker == speaker else clip
            for clip in filled.clips
        ]
        if _keeps(filled.clips, moved, label_id, other):
            note = f"{speaker} is used for {split}: the hash of the speakers' names left no clip for it"
            return Filled(moved, (*filled.notes, note))
    everybody = {clip.speaker for clip in filled.clips if clip.label_id > UNKNOWN_INDEX and may_move(clip)}
    return _by_clip(filled, may_move) if len(everybody) == 1 else filled


def _keeps(before: Sequence[ClipFile], after: Sequence[ClipFile], label_id: int, other: str) -> bool:
    """Returns whether each word that had clips in the other split, and this word, still have some there."""
    needed = {word for word in _words(before) if _has(before, word, other)} | {label_id}
    return all(_has(after, word, other) for word in needed)


def _by_clip(filled: Filled, may_move: Callable[[ClipFile], bool]) -> Filled:
    """Divides the words' clips of a single speaker by the hash of their names."""
    result = {clip.source: clip for clip in filled.clips}
    speaker = ""
    for label_id in sorted(_words(filled.clips)):
        own = [clip for clip in filled.clips if clip.label_id == label_id and may_move(clip)]
        own.sort(key=lambda clip: split_percentage(clip.source))
        count = max(1, round(VALIDATION_SHARE * len(own))) if len(own) > 1 else 0
        for at, clip in enumerate(own):
            speaker = clip.speaker
            result[clip.source] = dataclasses.replace(clip, split=VALIDATION if at < count else TRAINING)
    note = (
        f"all recordings are of one speaker, {speaker}: validation has other clips of the same voice, so measured"
        " accuracy is that for this speaker"
    )
    return Filled([result[clip.source] for clip in filled.clips], (*filled.notes, note))


def _words(clips: Sequence[ClipFile]) -> set[int]:
    return {clip.label_id for clip in clips if clip.label_id > UNKNOWN_INDEX}


def _has(clips: Sequence[ClipFile], label_id: int, split: str) -> bool:
    return any(clip.label_id == label_id and clip.split == split for clip in clips)
