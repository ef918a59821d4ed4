# SPDX-License-Identifier: Apache-2.0
"""Who says what, how: every spoken clip decided beforehand, from the settings and the seed alone.

A voice is a timbre, whatever accent it speaks in. Each voice belongs to one split, so a model is validated and tested
on voices it never heard. Clips are dealt out 8 : 1 : 1.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tinykws.project.labels import UNKNOWN, Label, label_of_word
from tinykws.speech.clip_shaping import ClipShape
from tinykws.speech.unknown_words import UnknownWords
from tinykws.speech.voices import Cast
from tinykws.training_data.folders import TESTING, TRAINING, VALIDATION

DEAL = (TRAINING,) * 8 + (VALIDATION, TESTING)
UNKNOWN_DEAL = ("alike",) * 6 + ("miss",) * 4 + ("others",) * 7 + ("part",) * 3
"""Of twenty unknown clips six are words alike in sound, four near-misses, seven other words, three cut-off keywords."""
FOREIGN_PART = 0.35
"""Part of the clips that are said with a foreign accent, of the texts that anybody foreign says."""
LEAST_PART = 0.1
"""An engine of few voices says this part of a split's clips, if it has a voice there at all: they come more often."""
MARKS = ("", "", ".", "!", "?")
"""Told, called, asked: the melody."""


@dataclasses.dataclass(frozen=True)
class Utterance:
    """One clip to be spoken."""

    file: str
    """`folder/name.wav` below the output folder."""
    text: str
    spoken: str
    """What the engine is given: the text, or phonemes, and a mark that raises the voice."""
    accent: str
    """espeak-ng's tag; empty for engines without accents."""
    rate_wpm: int
    pitch: int
    pitch_range: int
    speed: float
    """Playback speed: higher makes a smaller speaker, formants and all."""
    shape: ClipShape
    seed: int
    """Of the clip's noise floor, and of the engine's own choices."""


@dataclasses.dataclass(frozen=True)
class VoicePlan:
    """All that one voice says, in order."""

    engine: str
    voice: str
    """As the engine calls it."""
    split: str
    utterances: tuple[Utterance, ...]


def split_voices(variants: Sequence[str], seed: int) -> dict[str, list[str]]:
    """Deals the voices to the splits, shuffled: a tenth each to validation and testing, at least one.

    Raises:
        ValueError: fewer than three voices.
    """
    if len(variants) < 3:
        raise ValueError(f"{len(variants)} voices cannot be split in three")
    order = [variants[index] for index in _rng(seed, "voices").permutation(len(variants))]
    tenth = max(1, len(order) // 10)
    return {VALIDATION: order[:tenth], TESTING: order[tenth : 2 * tenth], TRAINING: order[2 * tenth :]}


def plan_speech(
    labels: Sequence[Label],
    unknown: UnknownWords,
    casts: Sequence[Cast],
    *,
    clips_per_word: int,
    unknown_clips: int,
    seed: int,
) -> tuple[VoicePlan, ...]:
    """Plans all spoken clips, grouped by voice.

    Args:
        labels: of the words alone, which every cast must say.
        unknown: what the unknown class says; what a voice does not say, the next one that does says in its place.
        casts: the engines' voices, three at least in all.
        clips_per_word: over all splits.
        unknown_clips: over all splits.
        seed: of every choice.
    """
    cast_of = {name: cast for cast in casts for name in cast.voices}
    voices = split_voices(list(cast_of), seed)
    turns = {split: _turns(names, cast_of, seed) for split, names in voices.items()}
    unknown = _said_in_all(turns, cast_of, unknown)
    planned: dict[str, list[Utterance]] = defaultdict(list)
    jobs = [(label.name, _repeated(label.text, clips_per_word)) for label in labels]
    jobs.append((UNKNOWN, _unknown_texts([label.text for label in labels], unknown, unknown_clips, seed)))
    for folder, texts in jobs:
        rng = _rng(seed, folder)
        for index, (text, is_part) in enumerate(texts):
            voice = _dealt(turns, cast_of, index, text)
            file = f"{folder}/{voice.lower()}_nohash_{_file_part(folder, text)}{index}.wav"
            accent, spoken = _said(text, cast_of[voice], rng)
            planned[voice].append(_utterance(file, text, spoken, accent, is_part=is_part, rng=rng))
    split_of = {name: split for split, names in voices.items() for name in names}
    return tuple(
        VoicePlan(cast_of[name].engine, cast_of[name].voices[name], split_of[name], tuple(planned[name]))
        for name in sorted(planned)
    )


def _turns(names: Sequence[str], cast_of: Mapping[str, Cast], seed: int) -> list[str]:
    """Returns a split's voices in the order in which they speak, those of an engine with few of them several times."""
    voices_of = Counter(cast_of[name].engine for name in names)

    def times(name: str) -> int:
        ours = voices_of[cast_of[name].engine]
        return max(1, math.ceil(LEAST_PART / (1 - LEAST_PART) * (len(names) - ours) / ours))

    turns = [name for name in names for _ in range(times(name))]
    if len(turns) == len(names):
        return turns
    return [turns[index] for index in _rng(seed, "turns").permutation(len(turns))]


def _said_in_all(
    turns: Mapping[str, Sequence[str]], cast_of: Mapping[str, Cast], unknown: UnknownWords
) -> UnknownWords:
    """Leaves out texts that nobody says in one of the splits."""

    def said(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            text for text in texts if all(any(text in cast_of[n].given for n in names) for names in turns.values())
        )

    return UnknownWords(said(unknown.alike), said(unknown.others), said(unknown.misses))


def _dealt(turns: Mapping[str, Sequence[str]], cast_of: Mapping[str, Cast], index: int, text: str) -> str:
    """Returns the voice of a job's index-th clip: splits 8 : 1 : 1, voices of a split that say the text in turn."""
    split = DEAL[index % len(DEAL)]
    before = index // len(DEAL) * DEAL.count(split) + DEAL[: index % len(DEAL)].count(split)
    names = turns[split]
    following = (names[(before + further) % len(names)] for further in range(len(names)))
    return next(name for name in following if text in cast_of[name].given)


def _said(text: str, cast: Cast, rng: np.random.Generator) -> tuple[str, str]:
    """Returns the accent a text is said in, and what the engine is given for it."""
    accents, spoken, foreign = cast.accents, cast.given[text], cast.foreign.get(text)
    if foreign and rng.random() < FOREIGN_PART:
        accents, spoken = foreign.accents, f"[[{foreign.mnemonics}]]"
    return accents[int(rng.integers(len(accents)))], spoken + MARKS[int(rng.integers(len(MARKS)))]


def _utterance(file: str, text: str, spoken: str, accent: str, *, is_part: bool, rng: np.random.Generator) -> Utterance:
    return Utterance(
        file=file,
        text=text,
        spoken=spoken,
        accent=accent,
        rate_wpm=int(rng.integers(110, 221)),
        pitch=int(rng.integers(15, 86)),
        pitch_range=int(rng.integers(20, 91)),
        speed=float(rng.uniform(0.88, 1.14)),
        shape=ClipShape(
            place=float(rng.triangular(0.0, 0.5, 1.0)),
            peak_db=float(rng.uniform(-20, -1)),
            floor_db=float(rng.uniform(-85, -50)),
            keep=_part_kept(rng) if is_part else (0.0, 1.0),
        ),
        seed=int(rng.integers(2**31)),
    )


def _part_kept(rng: np.random.Generator) -> tuple[float, float]:
    length = float(rng.uniform(0.25, 0.5))
    return (0.0, length) if rng.random() < 0.5 else (1.0 - length, 1.0)


def _unknown_texts(words: Sequence[str], unknown: UnknownWords, count: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Yields text and whether it is cut, each kind going through its words in turn, shuffled anew each time."""
    rng = _rng(seed, "unknown texts")
    sources = {
        "alike": unknown.alike,
        "miss": unknown.misses or unknown.alike,
        "others": unknown.others,
        "part": tuple(words),
    }
    waiting: dict[str, list[str]] = {kind: [] for kind in sources}
    order: list[str] = []
    for _ in range(count):
        order = order or [UNKNOWN_DEAL[index] for index in rng.permutation(len(UNKNOWN_DEAL))]
        kind = order.pop()
        if not waiting[kind]:
            waiting[kind] = [sources[kind][index] for index in rng.permutation(len(sources[kind]))]
        yield waiting[kind].pop(), kind == "part"


def _repeated(text: str, count: int) -> Iterator[tuple[str, bool]]:
    return ((text, False) for _ in range(count))


def _file_part(folder: str, text: str) -> str:
    if folder != UNKNOWN:
        return ""
    return "near_miss_" if text.startswith("[[") else f"{label_of_word(text).name}_"


def _rng(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, *purpose.encode()])
