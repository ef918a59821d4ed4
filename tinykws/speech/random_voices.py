# SPDX-License-Identifier: Apache-2.0
"""Speakers that espeak-ng does not come with: a vocal tract, a larynx and a way of speaking, drawn at random.

A speaker is a text in the language of espeak-ng's voice variants (`formant`, `pitch`, `breath` …: its docs/voices.md).
A few dozen variants made by hand are soon known by heart; with every further speaker a network learns more of the word.
"""

from __future__ import annotations

import numpy as np

SHORTNESS = (0.86, 1.32)
"""Of the vocal tract: formants as multiples of espeak-ng's own, a man's; a child's lie highest."""
FORMANTS = 9
JITTER = 0.05
"""Each formant lies off its place by as much, as a standard deviation of the logarithm: mouths differ in shape."""
PITCH_HZ = (75.0, 290.0)
"""Of the longest vocal tract and of the shortest …"""
PITCH_SPREAD = 0.22
"""… and people of one size differ by as much, as a standard deviation of the logarithm."""
KLATT_PART = 0.2
"""Part of the speakers for whom espeak-ng's other synthesizer, after Klatt, speaks."""
BREATHY_PART = 0.3
"""Part of the speakers whose breath is heard."""
TILTED_PART = 0.7
"""Part of the speakers whose high tones are softer, as with a voice that is not raised."""


def made_voice(name: str, rng: np.random.Generator) -> str:
    """Returns the text of a voice variant of this name: a speaker of random size, voice and manner."""
    shortness = float(np.exp(rng.uniform(*np.log(SHORTNESS))))
    lines = [f"name {name}", *_formants(shortness, rng), _pitch(shortness, rng), *_larynx(rng), *_manner(rng)]
    return "\n".join(lines) + "\n"


def _formants(shortness: float, rng: np.random.Generator) -> list[str]:
    places = 100 * shortness * np.exp(rng.normal(0, JITTER, FORMANTS))
    heights = 100 * np.exp(rng.normal(0, 0.15, FORMANTS))
    widths = 100 * np.exp(rng.normal(0, 0.2, FORMANTS))
    return [
        f"formant {number} {round(place)} {round(height)} {round(width)}"
        for number, (place, height, width) in enumerate(zip(places, heights, widths, strict=True))
    ]


def _pitch(shortness: float, rng: np.random.Generator) -> str:
    part = np.log(shortness / SHORTNESS[0]) / np.log(SHORTNESS[1] / SHORTNESS[0])
    low, high = np.log(PITCH_HZ)
    base = np.exp(low + part * (high - low) + rng.normal(0, PITCH_SPREAD))
    return f"pitch {round(base)} {round(base * rng.uniform(1.15, 1.8))}"


def _larynx(rng: np.random.Generator) -> list[str]:
    lines = [f"flutter {rng.integers(0, 8)}", f"roughness {rng.integers(0, 4)}", f"voicing {rng.integers(60, 131)}"]
    kind = rng.random()
    if kind < KLATT_PART:
        lines.append(f"klatt {rng.integers(1, 6)}")
    elif kind < KLATT_PART + BREATHY_PART:
        lines += ["breath " + " ".join(map(str, rng.integers(0, 12, 8))), "breathw 150 150 200 200 400 400 600 600"]
    if rng.random() < TILTED_PART:
        tilt = rng.uniform(0.1, 0.9)
        lines.append(f"tone 600 255 1500 {round(255 * (1 - 0.6 * tilt))} 4000 {round(255 * (1 - tilt))}")
    return lines


def _manner(rng: np.random.Generator) -> list[str]:
    return [f"consonants {rng.integers(60, 141)} {rng.integers(60, 141)}", f"intonation {rng.integers(1, 5)}"]
