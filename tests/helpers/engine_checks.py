# SPDX-License-Identifier: Apache-2.0
"""What tests of text-to-speech engines share: an engine of a project, and the pitch and length of what it says."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.project.synth_settings import SynthSettings
from tinykws.speech.clip_shaping import trimmed
from tinykws.speech.engines import EngineSetup, Sound, SpeechEngine, find_engine

FEW = SynthSettings(clips_per_word=40, unknown_clips=60, silence_clips=10)


def engine(root: Path, name: str, language: str = "en", **settings: Any) -> SpeechEngine:
    """Returns an engine of a project in `root`."""
    return find_engine(name)(EngineSetup(language, root, dataclasses.replace(FEW, engines=(name,), **settings)))


def pitch_hz(sound: Sound) -> float:
    """Returns the pitch of the loudest 40 ms, by autocorrelation."""
    samples, rate = sound.samples.astype(float), sound.sample_rate_hz
    length = rate // 25
    start = max(0, int(np.argmax(np.convolve(samples**2, np.ones(length), "valid"))))
    piece = samples[start : start + length] - samples[start : start + length].mean()
    likeness = np.correlate(piece, piece, "full")[length - 1 :]
    low, high = rate // 400, rate // 60
    return float(rate / (low + int(np.argmax(likeness[low:high]))))


def middle_of_spectrum_hz(sound: Sound) -> float:
    """Returns the centre of gravity of the power spectrum."""
    power = np.abs(np.fft.rfft(sound.samples.astype(float))) ** 2
    return float(power @ np.arange(len(power)) / power.sum() * sound.sample_rate_hz / sound.samples.size)


def seconds(sound: Sound) -> float:
    """Returns the length without silence at both ends."""
    return trimmed(sound.samples / 32768).size / sound.sample_rate_hz
