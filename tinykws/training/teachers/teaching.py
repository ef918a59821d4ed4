# SPDX-License-Identifier: Apache-2.0
"""Makes a teacher of a pretrained network: it hears the dataset, its head learns the words and says what it hears."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.project.labels import FIRST_WORD
from tinykws.support.progress import Progress
from tinykws.training.lessons import Lessons, Logits
from tinykws.training.teachers.head import Head
from tinykws.training.teachers.kept_embeddings import KeptEmbeddings
from tinykws.training.teachers.speech_teacher import SpeechTeacher
from tinykws.training.teachers.tracks import Track, clip_targets, heard_by_a_teacher
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import UNKNOWN_INDEX

SILENCE_SAMPLES = 32_000
NONE: npt.NDArray[np.int64] = np.zeros(0, np.int64)


@dataclasses.dataclass(frozen=True)
class Knowledge:
    """How well a teacher's head knows the words, on validation clips, from which it did not learn."""

    words: int
    """Clips of words."""
    heard: int
    """Those of which it says the right word just after its end."""
    others: int
    """Other clips."""
    mistaken: int
    """Those of which it ever says a word."""

    def __str__(self) -> str:
        wrong = f", and takes {self.mistaken} of {self.others} others for a word" if self.others else ""
        return f"the teacher hears {self.heard} of {self.words} validation clips of words{wrong}"


def make_lessons(
    teacher: SpeechTeacher,
    dataset: Dataset,
    talk: Sequence[Samples],
    *,
    left_out: npt.NDArray[np.int64] = NONE,
    segments: Sequence[tuple[Samples, npt.NDArray[np.int8]]] = (),
    kept: Path,
    seed: int,
    progress: Progress,
) -> tuple[Lessons, Knowledge]:
    """Lets a teacher hear the dataset and the talk, and trains its head on them.

    Args:
        teacher: the pretrained network.
        dataset: the head learns its training clips; its validation clips say how good it is.
        talk: recordings without the words, int16 [m].
        left_out: training clips that the head does not learn, such as recordings whose worth is measured.
        segments: sounds in which clips follow one another, int16 [m], and what the head must say in its rows, int8 [n].
            It learns them instead of the clips if there are any.
        kept: the file of its rows, read and written.
        seed: for all random choices.
        progress: is told how far it is.

    Returns:
        What the teacher says of the training clips and the talk, and how well it knows the words.
    """
    clips = {split: [np.asarray(clip) for clip in dataset.clips(split)] for split in ("training", "validation")}
    sounds = [heard_by_a_teacher(clip) for split in clips.values() for clip in split]
    sounds += [heard_by_a_teacher(piece, 0) for piece in talk]
    sounds += [sound for sound, _ in segments]
    *rows, silence = KeptEmbeddings(teacher, kept, progress).of(
        [*sounds, heard_by_a_teacher(np.zeros(0, np.int16), SILENCE_SAMPLES)]
    )
    n_training, n_clips = len(clips["training"]), sum(map(len, clips.values()))
    rows, of_segments = rows[: n_clips + len(talk)], rows[n_clips + len(talk) :]
    labels = {split: dataset.label_ids(split).tolist() for split in clips}
    tracks = [
        Track(each, clip_targets(clip, label, len(each), teacher.hop_samples))
        for each, clip, label in zip(
            rows, [*clips["training"], *clips["validation"]], [*labels["training"], *labels["validation"]], strict=False
        )
    ]
    of_talk = [Track(each, np.full(len(each), UNKNOWN_INDEX, np.int8)) for each in rows[n_clips:]]
    head = Head(silence.shape[1], len(dataset.labels), teacher.hop_samples, silence[-1], seed)
    learned = np.delete(np.arange(n_training), left_out)
    in_segments = [Track(each, targets) for each, (_, targets) in zip(of_segments, segments, strict=True)]
    head.learn([*(in_segments or [tracks[row] for row in learned]), *of_talk], progress)
    said = head.logits(rows)
    lessons = Lessons(teacher.hop_samples, said[:n_training], said[n_clips:])
    return lessons, _knowledge(said[n_training:n_clips], tracks[n_training:], labels["validation"])


def _knowledge(said: Sequence[Logits], tracks: Sequence[Track], labels: Sequence[int]) -> Knowledge:
    spoken: list[npt.NDArray[np.int64]] = [logits.argmax(axis=1) for logits in said]
    is_word = [label >= FIRST_WORD for label in labels]
    heard = [
        bool((spoken[at][tracks[at].targets == label] == label).any()) for at, label in enumerate(labels) if is_word[at]
    ]
    mistaken = [bool((spoken[at] >= FIRST_WORD).any()) for at in range(len(labels)) if not is_word[at]]
    return Knowledge(len(heard), sum(heard), len(mistaken), sum(mistaken))
