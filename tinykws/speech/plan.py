# SPDX-License-Identifier: Apache-2.0
"""The plan of all synthetic clips: text, voice, accent and manner of each, from the settings and the seed alone.

Each voice, in all its accents, belongs to one split, so a model is validated and tested on voices that it was not
trained on; if there are enough engines, on those of engines that it was not trained on (voice_splits.py). The splits
training, validation and testing share the clips 8 : 1 : 1.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tinykws.project.labels import UNKNOWN, Label, plain_name
from tinykws.speech.clip_shaping import ClipPlacement
from tinykws.speech.engines import EngineVoices
from tinykws.speech.unknown_words import UnknownWords
from tinykws.speech.vocoder import VoiceChange, random_change
from tinykws.speech.voice_splits import split_voices, turns
from tinykws.training_data.folders import TESTING, TRAINING, VALIDATION

SPLIT_CYCLE = (TRAINING,) * 8 + (VALIDATION, TESTING)
"""Splits of ten consecutive clips."""
UNKNOWN_MIX = ("near_miss",) + ("similar",) * 4 + ("partial",) * 5 + ("others",) * 5 + ("phrases",) * 3 + ("cut",) * 2
"""Of 20 unknown clips: a near-miss, 4 words of similar sound, 5 that share a part with a keyword, 5 other words, 3
phrases, and 2 cut-off keywords. Near-misses are few: a network that is told that everything near the word is not the
word does not hear the word from people either."""
FOREIGN_SHARE = 0.35
"""Share of clips with a foreign accent, among texts that have one."""
PUNCTUATION = ("", "", ".", "!", "?")
"""Appended to the text: the intonation of a statement, a call or a question."""


@dataclasses.dataclass(frozen=True)
class ClipPlan:
    """One clip to synthesize."""

    file: str
    """`folder/name.wav` below the output folder."""
    text: str
    engine_text: str
    """The engine's input: text or phonemes, and a punctuation mark for the intonation."""
    accent: str
    """espeak-ng's tag; empty for engines without accents."""
    rate_wpm: int
    pitch: int
    pitch_range: int
    speed: float
    """Playback speed; higher raises pitch and formants, as a smaller speaker has them."""
    placement: ClipPlacement
    seed: int
    """For the clip's noise floor and the engine's own random choices."""
    change: VoiceChange | None = None
    """Another speaker, whom the vocoder makes of the engine's."""


@dataclasses.dataclass(frozen=True)
class VoicePlan:
    """All clips of one voice, in order."""

    engine: str
    voice: str
    """The engine's own name of the voice."""
    split: str
    clips: tuple[ClipPlan, ...]


def plan_speech(
    labels: Sequence[Label],
    unknown: UnknownWords,
    engines: Sequence[EngineVoices],
    *,
    clips_per_word: int,
    unknown_clips: int,
    seed: int,
    held_back: Sequence[str] = (),
    vocoder_share: float = 0.0,
) -> tuple[VoicePlan, ...]:
    """Plans all synthetic clips, grouped by voice.

    Args:
        labels: of the keywords only; every engine must be able to say them.
        unknown: texts of the unknown class; if a voice cannot say one, the next voice that can says it.
        engines: the engines' voices, at least three in total.
        clips_per_word: over all splits.
        unknown_clips: over all splits.
        seed: of every random choice.
        held_back: engines whose voices are for validation and testing only.
        vocoder_share: share of the clips that the vocoder gives to another speaker.
    """
    voices_by_name = {name: engine for engine in engines for name in engine.voices}
    voices = split_voices(engines, held_back, seed)
    rotations = {split: turns(names, engines) for split, names in voices.items()}
    unknown = _sayable_in_every_split(rotations, voices_by_name, unknown)
    planned: dict[str, list[ClipPlan]] = defaultdict(list)
    jobs = [(label.name, _repeated(label.text, clips_per_word)) for label in labels]
    jobs.append((UNKNOWN, _unknown_texts([label.text for label in labels], unknown, unknown_clips, seed)))
    for folder, texts in jobs:
        rng = _rng(seed, folder)
        for index, (text, is_cut) in enumerate(texts):
            voice = _voice_of_clip(rotations, voices_by_name, index, text)
            file = f"{folder}/{voice.lower()}_nohash_{_text_in_name(folder, text)}{index}.wav"
            accent, engine_text = _accent_and_text(text, voices_by_name[voice], rng)
            clip = _clip_plan(file, text, engine_text, accent, is_cut=is_cut, rng=rng)
            change = random_change(rng) if rng.random() < vocoder_share else None
            planned[voice].append(dataclasses.replace(clip, change=change))
    split_of = {name: split for split, names in voices.items() for name in names}
    return tuple(
        VoicePlan(voices_by_name[name].engine, voices_by_name[name].voices[name], split_of[name], tuple(planned[name]))
        for name in sorted(planned)
    )


def _sayable_in_every_split(
    rotations: Mapping[str, Sequence[str]], voices_by_name: Mapping[str, EngineVoices], unknown: UnknownWords
) -> UnknownWords:
    """Removes texts that no voice can say in one of the splits."""

    def is_sayable(text: str) -> bool:
        return all(any(text in voices_by_name[name].engine_texts for name in names) for names in rotations.values())

    def sayable(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(text for text in texts if is_sayable(text))

    kinds = {field.name: sayable(getattr(unknown, field.name)) for field in dataclasses.fields(unknown)}
    return UnknownWords(**kinds)


def _voice_of_clip(
    rotations: Mapping[str, Sequence[str]], voices_by_name: Mapping[str, EngineVoices], index: int, text: str
) -> str:
    """Returns the voice of a folder's index-th clip: splits 8 : 1 : 1, and within a split each voice in turn."""
    split = SPLIT_CYCLE[index % len(SPLIT_CYCLE)]
    before = index // len(SPLIT_CYCLE) * SPLIT_CYCLE.count(split) + SPLIT_CYCLE[: index % len(SPLIT_CYCLE)].count(split)
    names = rotations[split]
    candidates = (names[(before + further) % len(names)] for further in range(len(names)))
    return next(name for name in candidates if text in voices_by_name[name].engine_texts)


def _accent_and_text(text: str, voices: EngineVoices, rng: np.random.Generator) -> tuple[str, str]:
    """Returns a randomly chosen accent for a text, and the engine's input."""
    accents, engine_text, foreign = voices.accents, voices.engine_texts[text], voices.foreign.get(text)
    if foreign and rng.random() < FOREIGN_SHARE:
        accents, engine_text = foreign.accents, f"[[{foreign.mnemonics}]]"
    return accents[int(rng.integers(len(accents)))], engine_text + PUNCTUATION[int(rng.integers(len(PUNCTUATION)))]


def _clip_plan(
    file: str, text: str, engine_text: str, accent: str, *, is_cut: bool, rng: np.random.Generator
) -> ClipPlan:
    return ClipPlan(
        file=file,
        text=text,
        engine_text=engine_text,
        accent=accent,
        rate_wpm=int(rng.integers(110, 221)),
        pitch=int(rng.integers(15, 86)),
        pitch_range=int(rng.integers(20, 91)),
        speed=float(rng.uniform(0.88, 1.14)),
        placement=ClipPlacement(
            position=float(rng.triangular(0.0, 0.5, 1.0)),
            peak_db=float(rng.uniform(-20, -1)),
            noise_floor_db=float(rng.uniform(-85, -50)),
            kept=_range_kept(rng) if is_cut else (0.0, 1.0),
        ),
        seed=int(rng.integers(2**31)),
    )


def _range_kept(rng: np.random.Generator) -> tuple[float, float]:
    length = float(rng.uniform(0.25, 0.5))
    return (0.0, length) if rng.random() < 0.5 else (1.0 - length, 1.0)


def _unknown_texts(words: Sequence[str], unknown: UnknownWords, count: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Yields texts and whether to cut them; each kind takes its words in turn, shuffled again for each round."""
    rng = _rng(seed, "unknown texts")
    sources = {
        "similar": unknown.similar,
        "near_miss": unknown.near_misses or unknown.similar,
        "partial": unknown.partial or unknown.similar,
        "others": unknown.others,
        "phrases": unknown.phrases or unknown.others,
        "cut": tuple(words),
    }
    waiting: dict[str, list[str]] = {kind: [] for kind in sources}
    order: list[str] = []
    for _ in range(count):
        order = order or [UNKNOWN_MIX[index] for index in rng.permutation(len(UNKNOWN_MIX))]
        kind = order.pop()
        if not waiting[kind]:
            waiting[kind] = [sources[kind][index] for index in rng.permutation(len(sources[kind]))]
        yield waiting[kind].pop(), kind == "cut"


def _repeated(text: str, count: int) -> Iterator[tuple[str, bool]]:
    return ((text, False) for _ in range(count))


def _text_in_name(folder: str, text: str) -> str:
    if folder != UNKNOWN:
        return ""
    return "near_miss_" if text.startswith("[[") else f"{plain_name(text)}_"


def _rng(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, *purpose.encode()])
