# SPDX-License-Identifier: Apache-2.0
"""Which voices are for training, validation and testing, and in which order they speak.

A synthesizer's voices resemble each other more than people do, so a figure for voices of an engine that training used
says little about people. With enough engines, whole engines are therefore held back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinykws.project.synth_settings import AUTO
from tinykws.speech.engines import EngineVoices
from tinykws.training_data.folders import TESTING, TRAINING, VALIDATION

HOLD_BACK_ORDER = ("flite", "hibari", "festival", "piper", "gnuspeech")
"""The engine that training misses least comes first. espeak-ng is never held back: it sounds least like people, and has
most voices and accents."""
FEWEST_ENGINES = 7
"""With fewer, training needs them all: a network trained on espeak-ng, GnuSpeech and hibari alone heard less than half
as many people as one that had flite, festival and Piper as well (docs/notebook/hearing_people.md)."""
ENGINES_FOR_TWO = 9
MANY_VOICES = 20
"""An engine with fewer gives none to validation and testing if others have more."""
TURNS = 3000
"""Length of the order of speakers; then it starts again."""


def engines_held_back(engines: Sequence[EngineVoices], wanted: Sequence[str]) -> tuple[str, ...]:
    """Returns the engines whose voices training does not use.

    Args:
        engines: all engines, with their voices.
        wanted: `synth: held_back` of kws.yaml.
    """
    if tuple(wanted) != (AUTO,):
        return tuple(each.engine for each in engines if each.engine in wanted)
    voices = {each.engine: len(each.voices) for each in engines}
    order = [name for name in HOLD_BACK_ORDER if name in voices]
    if len(engines) < FEWEST_ENGINES or not order:
        return ()
    # One engine is divided between validation and testing, which needs two voices.
    count = 2 if len(engines) >= ENGINES_FOR_TWO or voices[order[0]] < 2 else 1
    return tuple(order[:count])


def split_voices(engines: Sequence[EngineVoices], held_back: Sequence[str], seed: int) -> dict[str, list[str]]:
    """Splits all voices, in random order.

    Of two engines that are held back, one is for validation and one for testing; a single one is divided. If none is
    held back, a tenth of the voices each, but at least one, are for validation and for testing: of engines that have
    many, if there are such, so that training does not lose an engine with the only voice that it has.

    Returns:
        Voices by split.

    Raises:
        ValueError: a split would have no voice.
    """
    rng = np.random.default_rng([seed, *b"voices"])
    held = [each for each in engines if each.engine in held_back]
    order = {each.engine: _shuffled(list(each.voices), rng) for each in held}
    rest = _shuffled([name for each in engines if each.engine not in held_back for name in each.voices], rng)
    scarce = {name for each in engines if len(each.voices) < MANY_VOICES for name in each.voices}
    if not held:
        tenth = max(1, len(rest) // 10)
        rest.sort(key=lambda name: name in scarce)  # stable: training keeps these as long as there are others
        splits = {VALIDATION: rest[:tenth], TESTING: rest[tenth : 2 * tenth], TRAINING: rest[2 * tenth :]}
    else:
        groups = list(order.values()) if len(held) > 1 else _halves(next(iter(order.values())))
        validation = [name for group in groups[: len(groups) // 2] for name in group]
        testing = [name for group in groups[len(groups) // 2 :] for name in group]
        splits = {VALIDATION: validation, TESTING: testing, TRAINING: rest}
    if not all(splits.values()):
        raise ValueError(f"{sum(map(len, splits.values()))} voices cannot be split in three")
    return splits


def turns(names: Sequence[str], engines: Sequence[EngineVoices]) -> list[str]:
    """Returns the order in which a split's voices speak: engines by their shares, and each one's voices in turn."""
    own = {each.engine: [name for name in names if name in each.voices] for each in engines}
    shares = {each.engine: each.share for each in engines if own[each.engine]}
    made = dict.fromkeys(shares, 0)
    order = []
    for _ in range(TURNS):
        engine = min(shares, key=lambda name: (made[name] + 0.5) / shares[name])
        order.append(own[engine][made[engine] % len(own[engine])])
        made[engine] += 1
    return order


def _shuffled(names: list[str], rng: np.random.Generator) -> list[str]:
    return [names[index] for index in rng.permutation(len(names))]


def _halves(names: list[str]) -> list[list[str]]:
    return [names[: len(names) // 2], names[len(names) // 2 :]]
