# SPDX-License-Identifier: Apache-2.0
"""Voices drawn at random: as many as one likes, all different, all reproducible, and espeak-ng speaks with them."""

from __future__ import annotations

import numpy as np
import pytest

from tinykws.speech.random_voices import FORMANT_SCALE, PITCH_HZ, random_voice


def voice(number: int) -> dict[str, list[float]]:
    """Key to numbers; formants by `formant 1`."""
    lines = random_voice("someone", np.random.default_rng(number)).splitlines()
    assert lines[0] == "name someone"
    found = {}
    for line in lines[1:]:
        key, *values = line.split()
        if key == "formant":
            key = f"formant {values.pop(0)}"
        found[key] = [float(value) for value in values]
    return found


def test_same_seed_same_voice() -> None:
    assert voice(1) == voice(1) != voice(2)


def test_people_of_all_sizes_with_pitches_that_fit() -> None:
    voices = [voice(number) for number in range(300)]
    shortness = np.array([np.mean([one[f"formant {n}"][0] for n in range(1, 9)]) for one in voices]) / 100
    pitch_hz = np.array([one["pitch"][0] for one in voices])
    assert shortness.min() < FORMANT_SCALE[0] + 0.03
    assert shortness.max() > FORMANT_SCALE[1] - 0.03
    assert pitch_hz.min() < 1.1 * PITCH_HZ[0]
    assert pitch_hz.max() > 0.9 * PITCH_HZ[1]
    assert np.corrcoef(shortness, np.log(pitch_hz))[0, 1] > 0.7
    assert all(one["pitch"][1] > one["pitch"][0] for one in voices)
    assert 0.1 < np.mean(["klatt" in one for one in voices]) < 0.3
    assert 0.2 < np.mean(["breath" in one for one in voices]) < 0.4


def test_espeak_speaks_with_them_reproducibly() -> None:
    pytest.importorskip("espeakng_loader")
    from tinykws.speech.espeak_library import Espeak

    names = [f"made{number}" for number in range(12)]

    def spoken() -> list[bytes]:
        with Espeak(1) as espeak:
            for number, name in enumerate(names):
                espeak.add_variant(name, random_voice(name, np.random.default_rng(number)))
            return [
                espeak.speak("seven", f"{accent}+{name}", 160, 50, 50).tobytes()
                for name in names
                for accent in ("en-US", "de")
            ]

    sounds = spoken()
    assert len(set(sounds)) == 24
    for sound in sounds:
        samples = np.frombuffer(sound, np.int16).astype(int)
        assert 5000 < samples.size < 40000
        assert np.abs(samples).max() > 1500
    assert spoken() == sounds
