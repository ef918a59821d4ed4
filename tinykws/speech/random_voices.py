# SPDX-License-Identifier: Apache-2.0
"""Randomly generated voices for espeak-ng: vocal tract, voice source and articulation are drawn at random.

A voice is a text in espeak-ng's format for voice variants (`formant`, `pitch`, `breath` …, see its docs/voices.md). A
network soon memorizes espeak-ng's few dozen variants; more voices make it learn the word instead.
"""

from __future__ import annotations

import numpy as np

FORMANT_SCALE = (0.86, 1.32)
"""Formant frequencies relative to espeak-ng's default (a man); a short vocal tract (a child) has the highest."""
FORMANTS = 9
FORMANT_SPREAD = 0.05
"""Standard deviation of each formant's frequency, in natural logarithms: mouths differ in shape."""
PITCH_HZ = (75.0, 290.0)
"""Mean pitch for the longest and for the shortest vocal tract …"""
PITCH_SPREAD = 0.22
"""… and its standard deviation for one length, in natural logarithms."""
KLATT_SHARE = 0.2
"""Share of voices that use espeak-ng's Klatt synthesizer."""
BREATHY_SHARE = 0.3
"""Share of voices with audible breath."""
TILTED_SHARE = 0.7
"""Share of voices with softer high frequencies, as in quiet speech."""


def random_voice(name: str, rng: np.random.Generator) -> str:
    """Returns a voice variant of this name, in espeak-ng's format."""
    scale = float(np.exp(rng.uniform(*np.log(FORMANT_SCALE))))
    lines = [f"name {name}", *_formants(scale, rng), _pitch(scale, rng), *_voice_source(rng), *_articulation(rng)]
    return "\n".join(lines) + "\n"


def _formants(scale: float, rng: np.random.Generator) -> list[str]:
    frequencies = 100 * scale * np.exp(rng.normal(0, FORMANT_SPREAD, FORMANTS))
    amplitudes = 100 * np.exp(rng.normal(0, 0.15, FORMANTS))
    widths = 100 * np.exp(rng.normal(0, 0.2, FORMANTS))
    return [
        f"formant {number} {round(frequency)} {round(amplitude)} {round(width)}"
        for number, (frequency, amplitude, width) in enumerate(zip(frequencies, amplitudes, widths, strict=True))
    ]


def _pitch(scale: float, rng: np.random.Generator) -> str:
    position = np.log(scale / FORMANT_SCALE[0]) / np.log(FORMANT_SCALE[1] / FORMANT_SCALE[0])
    low, high = np.log(PITCH_HZ)
    base = np.exp(low + position * (high - low) + rng.normal(0, PITCH_SPREAD))
    return f"pitch {round(base)} {round(base * rng.uniform(1.15, 1.8))}"


def _voice_source(rng: np.random.Generator) -> list[str]:
    lines = [f"flutter {rng.integers(0, 8)}", f"roughness {rng.integers(0, 4)}", f"voicing {rng.integers(60, 131)}"]
    kind = rng.random()
    if kind < KLATT_SHARE:
        lines.append(f"klatt {rng.integers(1, 6)}")
    elif kind < KLATT_SHARE + BREATHY_SHARE:
        lines += ["breath " + " ".join(map(str, rng.integers(0, 12, 8))), "breathw 150 150 200 200 400 400 600 600"]
    if rng.random() < TILTED_SHARE:
        tilt = rng.uniform(0.1, 0.9)
        lines.append(f"tone 600 255 1500 {round(255 * (1 - 0.6 * tilt))} 4000 {round(255 * (1 - tilt))}")
    return lines


def _articulation(rng: np.random.Generator) -> list[str]:
    return [f"consonants {rng.integers(60, 141)} {rng.integers(60, 141)}", f"intonation {rng.integers(1, 5)}"]
