# SPDX-License-Identifier: Apache-2.0
"""How good a bundle's detector is, in words for the one who made it, and what would make it better.

The figures are those that tune left in the bundle: nothing is measured again.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

from tinykws.evaluation.spoken_by import (
    ENGINES_HELD_BACK,
    ENGINES_OF_TRAINING,
    FEW_PEOPLE,
    PEOPLE,
    recall_expected_of_people,
)
from tinykws.evaluation.stream_measure import Rate, Recall
from tinykws.evaluation.word_stream import QUIET, SCENES
from tinykws.project.labels import FIRST_WORD, Label
from tinykws.support.dataclass_reader import read_dataclass
from tinykws.support.errors import ConfigError

METRICS_KEY = "detector"
"""Key in a bundle's metrics: the detector's results on the data that it was chosen on."""
NOISE = "noise"
NOISE_SCENES = tuple(scene.name for scene in SCENES if scene.snr_db is not None and not scene.in_room)
ALL_SCENES = "all scenes"
POOR_RECALL = {QUIET.name: 0.8, NOISE: 0.6, ALL_SCENES: 0.6}
"""Found words below this share make a detector poor."""
WEAK_WORD = 0.15
"""A word that is found this much more rarely than all words is weak: another one may do better."""


@dataclasses.dataclass(frozen=True)
class TunedFigures:
    """What tune writes into a bundle's metrics."""

    false_accepts_per_hour_wanted: float
    false_accepts_per_hour_expected: float
    negatives: Rate
    recall: Recall
    scenes: tuple[Recall, ...] = ()
    """Recall in each scene; empty in older bundles."""
    words: tuple[Recall, ...] = ()
    """Recall of each word in all scenes; empty in older bundles."""
    synthetic_negatives: bool | None = None
    """Whether other words joined into sentences replaced long recordings; None in older bundles."""
    spoken_by: str | None = None
    """Who spoke the clips, one of spoken_by.py; None in older bundles."""
    most_latency_ms: int | None = None
    """The longest median latency that was allowed; None: any, and in older bundles."""


@dataclasses.dataclass(frozen=True)
class Found:
    """How many of the spoken words were found."""

    name: str
    """quiet, noise, or all scenes."""
    said: int
    found: int

    @property
    def of_100(self) -> int:
        """Found words of 100."""
        return round(100 * self.found / self.said)

    @property
    def is_poor(self) -> bool:
        """Whether fewer were found than a user would accept."""
        return self.found < POOR_RECALL[self.name] * self.said


@dataclasses.dataclass(frozen=True)
class DetectorQuality:
    """How good a detector is."""

    found: tuple[Found, ...]
    words: tuple[Found, ...]
    """By the words' texts, in all scenes; empty if that was not kept."""
    wanted_per_hour: float
    """False accepts per hour that were allowed."""
    expected_per_hour: float
    counted: int
    """False accepts that were counted."""
    hours: float
    """Length of what they were counted on."""
    synthetic_negatives: bool | None
    """Whether other words joined into sentences replaced long recordings; None: not known."""
    spoken_by: str | None = None
    """Who spoke the clips, one of spoken_by.py; None: not known."""
    latency_ms: float | None = None
    """From the end of a word to its detection, in the median; None: not known."""

    @property
    def people_of_100(self) -> int | None:
        """How many of 100 words that people say in quiet may be found; None: not known."""
        return people_of_100(self.spoken_by, self.found[0])

    @property
    def too_many_false_accepts(self) -> bool:
        """Whether more are expected than were allowed."""
        return self.expected_per_hour > 1.05 * self.wanted_per_hour

    @property
    def is_poor(self) -> bool:
        """Whether a user would be disappointed."""
        return self.too_many_false_accepts or any(one.is_poor for one in self.found)

    @property
    def weak_words(self) -> tuple[Found, ...]:
        """The words that are found much more rarely than all together."""
        said, found = sum(one.said for one in self.words), sum(one.found for one in self.words)
        return tuple(one for one in self.words if one.found < (found / said - WEAK_WORD) * one.said)


def quality_of(metrics: dict[str, Any], labels: Sequence[Label]) -> DetectorQuality | None:
    """Returns how good a bundle's detector is by its metrics; None if it was not measured, or they are not tune's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figures = read_dataclass(TunedFigures, metrics.get(METRICS_KEY))
    except ConfigError:
        return None
    if figures.recall.utterances < 1:
        return None
    texts = {label.name: label.text for label in labels[FIRST_WORD:]}
    return DetectorQuality(
        found=_found(figures),
        words=tuple(
            Found(texts[one.name], one.utterances, one.found)
            for one in figures.words
            if one.utterances > 0 and one.name in texts
        ),
        wanted_per_hour=figures.false_accepts_per_hour_wanted,
        expected_per_hour=figures.false_accepts_per_hour_expected,
        counted=figures.negatives.false_accepts,
        hours=figures.negatives.hours,
        synthetic_negatives=figures.synthetic_negatives,
        spoken_by=figures.spoken_by,
        latency_ms=figures.recall.latency_median_ms,
    )


def _found(figures: TunedFigures) -> tuple[Found, ...]:
    quiet, noise = (
        _together(name, [scene for scene in figures.scenes if scene.name in names])
        for name, names in ((QUIET.name, (QUIET.name,)), (NOISE, NOISE_SCENES))
    )
    known = tuple(one for one in (quiet, noise) if one.said > 0)
    return known or (_together(ALL_SCENES, [figures.recall]),)


def _together(name: str, scenes: Sequence[Recall]) -> Found:
    return Found(name, sum(scene.utterances for scene in scenes), sum(scene.found for scene in scenes))


@dataclasses.dataclass(frozen=True)
class Material:
    """What a model was trained with, as far as advice depends on it."""

    words_without_recordings: tuple[str, ...]
    """Texts of the words that only synthetic voices spoke."""
    recorded_others: bool
    """Whether there are recordings of other words."""
    recorded_negatives: bool
    """Whether there are long recordings in negatives/."""


def advice(quality: DetectorQuality, material: Material | None, board_id: str) -> tuple[str, ...]:
    """Returns what would help a poor detector, the most helpful first; empty if it is not poor.

    Args:
        quality: its figures.
        material: what its model was trained with; None if that is not known.
        board_id: the board that it is built for.
    """
    if not quality.is_poor:
        return ()
    return (*_advice_on_data(quality, material), *_advice_on_words(quality), *_advice_on_settings(board_id))


def people_of_100(spoken_by: str | None, found: Found) -> int | None:
    """Returns how many of 100 words that people say may be found; None: not known.

    Args:
        spoken_by: who spoke the clips (spoken_by.py).
        found: how many of them were found.
    """
    if spoken_by == PEOPLE:
        return found.of_100
    if spoken_by == ENGINES_HELD_BACK:
        return round(100 * recall_expected_of_people(found.found / found.said))
    return None


def what_it_promises(spoken_by: str | None, found: Found, word: str) -> str | None:
    """Returns what the share of found words says about people, and what would tell; None if that is plain.

    Args:
        spoken_by: who spoke the clips (spoken_by.py).
        found: how many of them were found.
        word: the text of a word, for the command that records it.
    """
    if spoken_by not in (FEW_PEOPLE, ENGINES_HELD_BACK, ENGINES_OF_TRAINING):
        return None
    tells = (
        "What tells: recordings of at least five people, twenty clips of each word."
        f" tinykws record {_quoted(word)} --count 20 --speaker NAME, then build again; or keep them apart, and:"
        " tinykws detect FOLDER"
    )
    if spoken_by == FEW_PEOPLE:
        return f"how many words of other people are found is not known: training heard these people. {tells}"
    if spoken_by == ENGINES_HELD_BACK:
        return (
            f"of 100 words that people say, about {people_of_100(spoken_by, found)} may be found: synthetic voices"
            f" spoke these clips, of an engine that training never used. {tells}"
        )
    return (
        "how many words of people are found is not known: synthetic voices spoke these clips, of engines that training"
        f" used, and such figures promise too much (71 and 72 of 100 came down to 0 and 42). {tells}"
    )


def _advice_on_data(quality: DetectorQuality, material: Material | None) -> list[str]:
    lines = []
    if material is not None and material.words_without_recordings:
        names = ", ".join(material.words_without_recordings)
        word = material.words_without_recordings[0]
        lines.append(
            f"record 20 clips of each word, said by those who will use it: so far only synthetic voices spoke {names}."
            f" tinykws record {_quoted(word)} --count 20"
        )
    if material is not None and not material.recorded_others:
        lines.append("fetch recordings of other words: tinykws fetch speech_commands")
    if quality.too_many_false_accepts and (material is None or not material.recorded_negatives):
        lines.append(
            "put hours of ordinary speech without the words into negatives/, such as those that"
            " `tinykws fetch librispeech_dev_clean` brings, then: tinykws tune"
        )
    return lines


def _advice_on_words(quality: DetectorQuality) -> list[str]:
    return [
        f"choose another word than {word.name}, which is found {word.of_100} times of 100: longer words with more"
        " different sounds are told apart more easily"
        for word in quality.weak_words
    ]


def _advice_on_settings(board_id: str) -> list[str]:
    return [
        f"a larger model, if {board_id} has room for it: tinykws architectures",
        "allow more false accepts (detector: {false_accepts_per_hour: 2} in kws.yaml), then: tinykws tune",
    ]


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
