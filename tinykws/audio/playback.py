# SPDX-License-Identifier: Apache-2.0
"""How a sound of finite length is played to the pipeline: a lead-in, the sound, silence.

All who listen to a file take it from here, so they hear the same. The lead-in gives a clip of one word what a word in a
stream has: whole model inputs that begin before it, and a past for the detector's temporal filter. It is faint noise,
as of a microphone in a quiet room: models do not know digital silence, and after it they miss a third of the words that
they hear after noise (docs/explanation/measuring.md).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from tinykws.audio.samples import Samples
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings

LEAD_IN_MS = 1500
"""Least length of the lead-in; a longer one, up to 3 s, lets no more words be heard."""
SILENCE_MS = 1000
"""Least silence after a sound: a detection counts until this long after a word's end (timeline.GRACE_MS)."""
NOISE_OCTAVES = 8
NOISE_NUMERATOR, NOISE_SHIFT = 11, 7
"""Scale the sum of the octaves to -65 dB of full scale, the level of the quiet scenes (word_stream.FAINT_DB)."""


@dataclasses.dataclass(frozen=True)
class Playback:
    """What precedes and follows a sound, for one pipeline."""

    sample_rate_hz: int
    shortest: int
    """Samples of one model input; a shorter sound is followed by more silence."""
    lead_in_ms: int
    """A multiple of the inference stride: inferences keep their places in the sound."""
    silence_ms: int

    @property
    def lead_in(self) -> Samples:
        """The samples before each sound."""
        return faint_noise(self.lead_in_ms * self.sample_rate_hz // 1000)

    def padding(self, sound_samples: int) -> Samples:
        """Returns the zeros that make a sound as long as one model input."""
        return np.zeros(max(0, self.shortest - sound_samples), np.int16)

    @property
    def silence(self) -> Samples:
        """The samples after each sound and its padding."""
        return np.zeros(self.silence_ms * self.sample_rate_hz // 1000, np.int16)

    def pieces(self, sound: Iterable[Samples]) -> Iterator[Samples]:
        """Yields everything that the pipeline hears, int16 [n] each."""
        yield self.lead_in
        heard = 0
        for samples in sound:
            heard += samples.size
            yield samples
        yield self.padding(heard)
        yield self.silence

    def time_in_sound_ms(self, time_ms: int) -> int:
        """Returns a time of the pipeline as time from the sound's start; what is before it is not of the sound."""
        return time_ms - self.lead_in_ms


def playback_for(frontend: FrontendSettings, detector: DetectorSettings) -> Playback:
    """Returns how a sound is played to a pipeline with these settings.

    The silence covers the time in which a detection counts, and a detector that waits until its smoothing window is
    partly full.
    """
    stride_ms = detector.inference_stride_ms
    return Playback(
        sample_rate_hz=frontend.sample_rate_hz,
        shortest=frontend.clip_samples,
        lead_in_ms=-(-LEAD_IN_MS // stride_ms) * stride_ms,
        silence_ms=max(SILENCE_MS, detector.average_window_ms // 2),
    )


@functools.lru_cache(maxsize=4)
def faint_noise(count: int) -> Samples:
    """Returns pink noise, int16 [count]: integers only, so that it is the same on every computer.

    It is a sum of random numbers that change every sample, every second sample, every fourth … (Voss).
    """
    total = np.zeros(count, np.int32)
    for octave in range(NOISE_OCTAVES):
        held = hashlib.shake_128(b"lead-in %d" % octave).digest((count >> octave) + 1)
        total += np.repeat(np.frombuffer(held, np.int8).astype(np.int32), 1 << octave)[:count]
    noise = (total * NOISE_NUMERATOR >> NOISE_SHIFT).astype(np.int16)
    noise.setflags(write=False)
    return noise
