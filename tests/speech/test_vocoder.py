# SPDX-License-Identifier: Apache-2.0
"""The vocoder makes another speaker of one: formants, pitch, range, breath and tilt move as asked, words stay."""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tinykws.speech.vocoder import FloatSamples, VoiceChange, changed, random_change

needs_pyworld = pytest.mark.skipif(importlib.util.find_spec("pyworld") is None, reason="pyworld is not installed")
RATE_HZ = 16000
SAME = VoiceChange(formants=1, pitch=1, pitch_range=1, breath=0, tilt_db=0)


def vowel(
    pitch_hz: float = 120, formants_hz: tuple[float, ...] = (700, 1200, 2600), seconds: float = 0.6
) -> FloatSamples:
    """Pulses through resonances of 90 Hz, with a pitch that falls and rises."""
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    phase = np.cumsum(pitch_hz * 2 ** (0.15 * np.sin(2 * np.pi * 2 * times)) / RATE_HZ)
    sound = np.diff(np.floor(phase), prepend=0.0)
    for hz in formants_hz:
        radius, turn = np.exp(-np.pi * 90 / RATE_HZ), 2 * np.cos(2 * np.pi * hz / RATE_HZ)
        last = before = 0.0
        out = np.empty_like(sound)
        for at, sample in enumerate(sound):
            last, before = sample + turn * radius * last - radius**2 * before, last
            out[at] = last
        sound = out
    scaled: FloatSamples = 0.3 * sound / np.abs(sound).max()
    return scaled


@pytest.fixture(scope="module")
def spoken() -> FloatSamples:
    return vowel()


def spectrum_db(sound: FloatSamples) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Frequencies and level of the middle, smoothed over 200 Hz."""
    middle = sound[sound.size // 4 : -sound.size // 4]
    power = np.abs(np.fft.rfft(middle * np.hanning(middle.size), RATE_HZ)) ** 2
    return np.arange(power.size) * 1.0, 10 * np.log10(np.convolve(power, np.ones(200) / 200, "same") + 1e-12)


def formant_hz(sound: FloatSamples, low: float, high: float) -> float:
    hz, level = spectrum_db(sound)
    inside = (hz > low) & (hz < high)
    return float(hz[inside][np.argmax(level[inside])])


def pitches_hz(sound: FloatSamples) -> npt.NDArray[np.float64]:
    """By autocorrelation of 40 ms, each 10 ms of the middle."""
    found = []
    for start in range(sound.size // 4, 3 * sound.size // 4, RATE_HZ // 100):
        piece = sound[start : start + RATE_HZ // 25] - sound[start : start + RATE_HZ // 25].mean()
        likeness = np.correlate(piece, piece, "full")[piece.size - 1 :]
        low = RATE_HZ // 400
        found.append(RATE_HZ / (low + int(np.argmax(likeness[low : RATE_HZ // 70]))))
    return np.array(found)


@needs_pyworld
def test_without_a_change_it_sounds_the_same(spoken: FloatSamples) -> None:
    again = changed(spoken, RATE_HZ, SAME)
    assert abs(again.size - spoken.size) <= RATE_HZ // 100
    assert np.median(pitches_hz(again)) == pytest.approx(np.median(pitches_hz(spoken)), rel=0.03)
    for low, high in ((500, 900), (1000, 1500), (2200, 3000)):
        assert formant_hz(again, low, high) == pytest.approx(formant_hz(spoken, low, high), abs=90)
    assert np.array_equal(again, changed(spoken, RATE_HZ, SAME))


@needs_pyworld
@pytest.mark.parametrize("factor", [0.82, 1.25])
def test_a_vocal_tract_of_another_length_moves_formants_and_not_the_pitch(spoken: FloatSamples, factor: float) -> None:
    other = changed(spoken, RATE_HZ, dataclasses.replace(SAME, formants=factor))
    assert formant_hz(other, 2000, 3600) == pytest.approx(2600 * factor, rel=0.05)
    assert np.median(pitches_hz(other)) == pytest.approx(np.median(pitches_hz(spoken)), rel=0.03)


@needs_pyworld
def test_pitch_and_its_range_move_and_formants_do_not(spoken: FloatSamples) -> None:
    high = changed(spoken, RATE_HZ, dataclasses.replace(SAME, pitch=1.5))
    flat = changed(spoken, RATE_HZ, dataclasses.replace(SAME, pitch_range=0.0))
    assert np.median(pitches_hz(high)) == pytest.approx(1.5 * np.median(pitches_hz(spoken)), rel=0.04)
    assert formant_hz(high, 2000, 3200) == pytest.approx(2600, abs=130)
    assert np.ptp(pitches_hz(flat)) < 0.3 * np.ptp(pitches_hz(spoken))
    highest = changed(spoken, RATE_HZ, dataclasses.replace(SAME, pitch=50))
    assert np.median(pitches_hz(highest)) < 400


@needs_pyworld
def test_breath_is_noise_and_tilt_is_brightness(spoken: FloatSamples) -> None:
    def likeness(sound: FloatSamples) -> float:
        """Of a period to the next, above 3 kHz."""
        hz = np.fft.rfftfreq(sound.size, 1 / RATE_HZ)
        high = np.fft.irfft(np.where(hz > 3000, np.fft.rfft(sound), 0), sound.size)[2000:8000]
        values = [np.corrcoef(high[:-lag], high[lag:])[0, 1] for lag in range(110, 160)]
        return float(max(values))

    flat = dataclasses.replace(SAME, pitch_range=0)
    breathy = changed(spoken, RATE_HZ, dataclasses.replace(flat, breath=1))
    assert likeness(breathy) < likeness(changed(spoken, RATE_HZ, flat)) - 0.2
    levels = []
    for tilt in (-5.0, 5.0):
        hz, level = spectrum_db(changed(spoken, RATE_HZ, dataclasses.replace(SAME, tilt_db=tilt)))
        levels.append(level[hz == 2600][0] - level[hz == 700][0])
    assert levels[1] - levels[0] == pytest.approx(10 / 3 * np.log2(2600 / 700), abs=1)


@needs_pyworld
def test_silence_noise_and_short_sounds_do_no_harm() -> None:
    rng = np.random.default_rng(1)
    change = random_change(rng)
    for sound in (np.zeros(4000), rng.normal(0, 0.1, 4000), vowel(seconds=0.05)):
        spoken = changed(sound, RATE_HZ, change)
        assert np.isfinite(spoken).all()
        assert abs(spoken.size - sound.size) <= RATE_HZ // 100


def test_speakers_differ_and_small_ones_speak_higher() -> None:
    speakers = [random_change(np.random.default_rng(number)) for number in range(500)]
    formants = np.log2([each.formants for each in speakers])
    pitches = np.log2([each.pitch for each in speakers])
    assert formants.min() < -0.25 < 0.3 < formants.max()
    assert np.corrcoef(formants, pitches)[0, 1] > 0.6
    assert 0.4 < np.mean([each.breath > 0 for each in speakers]) < 0.6
