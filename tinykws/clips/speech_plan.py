"""Who says what, how: every spoken clip decided beforehand, from the settings and the seed alone.

A voice is one of espeak-ng's variants (a timbre), whatever accent it speaks in. Each voice belongs to one split, so
a model is validated and tested on voices it never heard. Clips are dealt out 8 : 1 : 1.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tinykws.clips.folders import TESTING, TRAINING, VALIDATION
from tinykws.clips.foreign import ForeignSpeech
from tinykws.clips.shaping import ClipShape
from tinykws.clips.unknown_words import UnknownWords
from tinykws.labels import UNKNOWN, Label, label_of_word

DEAL = (TRAINING,) * 8 + (VALIDATION, TESTING)
UNKNOWN_DEAL = ("alike",) * 6 + ("miss",) * 4 + ("others",) * 7 + ("part",) * 3
"""Of twenty unknown clips six are words alike in sound, four near-misses, seven other words, three cut-off keywords."""
FOREIGN_PART = 0.35
"""Part of the clips that are said with a foreign accent, of the texts that anybody foreign says."""
MARKS = ("", "", ".", "!", "?")
"""Told, called, asked: the melody."""


@dataclasses.dataclass(frozen=True)
class Utterance:
    """One clip to be spoken."""

    file: str
    """`folder/name.wav` below the output folder."""
    text: str
    spoken: str
    """What espeak-ng is given: the text, or its phonemes for a foreign accent, and a mark that raises the voice."""
    accent: str
    rate_wpm: int
    pitch: int
    pitch_range: int
    speed: float
    """Playback speed: higher makes a smaller speaker, formants and all."""
    shape: ClipShape
    seed: int
    """Of the clip's noise floor."""


@dataclasses.dataclass(frozen=True)
class VoicePlan:
    """All that one voice says, in order."""

    variant: str
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
    accents: Sequence[str],
    voices: Mapping[str, Sequence[str]],
    foreign: Mapping[str, ForeignSpeech],
    *,
    clips_per_word: int,
    unknown_clips: int,
    seed: int,
) -> tuple[VoicePlan, ...]:
    """Plans all spoken clips, grouped by voice.

    Args:
        labels: of the words alone.
        unknown: what the unknown class says.
        accents: espeak-ng's tags that every voice may speak in.
        voices: split to variants, from `split_voices`.
        foreign: text to who else says it.
        clips_per_word: over all splits.
        unknown_clips: over all splits.
        seed: of every choice.
    """
    planned: dict[str, list[Utterance]] = defaultdict(list)
    jobs = [(label.name, _repeated(label.text, clips_per_word)) for label in labels]
    jobs.append((UNKNOWN, _unknown_texts([label.text for label in labels], unknown, unknown_clips, seed)))
    for folder, texts in jobs:
        rng = _rng(seed, folder)
        for index, (text, is_part) in enumerate(texts):
            voice = _dealt(voices, index)
            file = f"{folder}/{voice.lower()}_nohash_{_file_part(folder, text)}{index}.wav"
            accent, spoken = _said(text, accents, foreign.get(text), rng)
            planned[voice].append(_utterance(file, text, spoken, accent, is_part=is_part, rng=rng))
    split_of = {variant: split for split, variants in voices.items() for variant in variants}
    return tuple(VoicePlan(voice, split_of[voice], tuple(planned[voice])) for voice in sorted(planned))


def _dealt(voices: Mapping[str, Sequence[str]], index: int) -> str:
    """Returns the voice of a job's index-th clip: splits 8 : 1 : 1, voices of a split in turn."""
    split = DEAL[index % len(DEAL)]
    before = index // len(DEAL) * DEAL.count(split) + DEAL[: index % len(DEAL)].count(split)
    return voices[split][before % len(voices[split])]


def _said(
    text: str, accents: Sequence[str], foreign: ForeignSpeech | None, rng: np.random.Generator
) -> tuple[str, str]:
    """Returns the accent a text is said in, and what espeak-ng is given for it."""
    spoken = text
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
