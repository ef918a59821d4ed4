# SPDX-License-Identifier: Apache-2.0
"""Streams made of clips: everything is said where the list says, as loud and as noisy as its scene."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from tinykws.audio.samples import FULL_SCALE
from tinykws.evaluation.word_stream import (
    GAP_AFTER_SPEECH_MS,
    PAUSE_MS,
    QUIET,
    SCENES,
    Clips,
    Scene,
    WordStream,
    at_level,
    looped,
    speech_bounds,
)

RATE = 16


def burst(tone_hz: float, start_ms: int, length_ms: int, peak: float = 8000) -> np.ndarray:
    """A second with a tone in it."""
    clip = np.zeros(16000, np.int16)
    time_s = np.arange(length_ms * RATE) / 16000
    clip[start_ms * RATE : (start_ms + length_ms) * RATE] = peak * np.sin(2 * np.pi * tone_hz * time_s + 0.5)
    return clip


def words(count: int = 23) -> Clips:
    rng = np.random.default_rng(5)
    clips = [burst(400, int(rng.integers(0, 500)), int(rng.integers(100, 450))) for _ in range(count)]
    return Clips(np.array(clips), tuple("yes" if at % 3 else "no" for at in range(count)))


OTHERS = Clips(np.array([burst(3000, 200, 300), burst(2500, 0, 1000)]), ("_unknown_", "_unknown_"))


def sound_of(stream: WordStream) -> np.ndarray:
    return np.concatenate(list(stream))


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_length_words_and_repetition(scene: Scene) -> None:
    made = WordStream(words(), scene, others=OTHERS, seed=3)
    sound = sound_of(made)
    assert sound.dtype == np.int16
    assert sound.size * 1000 // 16000 == made.duration_ms
    assert made.pieces == len(list(made)) == 3
    assert sorted(event.label for event in made.events) == sorted(words().labels)
    assert list(made.events) == sorted(made.events)
    np.testing.assert_array_equal(sound, sound_of(WordStream(words(), scene, others=OTHERS, seed=3)))
    other = WordStream(words(), scene, others=OTHERS, seed=4)
    assert other.events != made.events


def test_events_stand_where_the_sound_is() -> None:
    stream = WordStream(words(), QUIET)
    sound = sound_of(stream).astype(float)
    said = np.zeros(sound.size, bool)
    for event in stream.events:
        said[event.start_ms * RATE : event.end_ms * RATE] = True
        assert np.sqrt(np.mean(sound[event.start_ms * RATE : event.end_ms * RATE] ** 2)) > 4000
    # Between words there is only faint noise, 18 of 32768 RMS: its peaks stay under six times that.
    assert np.abs(sound[~said]).max() < 120
    pauses = [after.start_ms - before.end_ms for before, after in itertools.pairwise(stream.events)]
    assert min(pauses) >= PAUSE_MS[0]
    assert max(pauses) <= PAUSE_MS[1] + 2000


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 5.0])
def test_noise_is_as_loud_as_said(snr_db: float) -> None:
    stream = WordStream(words(10), Scene("noisy", snr_db), seed=8)
    sound = sound_of(stream).astype(float) / FULL_SCALE
    said = np.zeros(sound.size, bool)
    for event in stream.events:
        said[event.start_ms * RATE : event.end_ms * RATE] = True
    noise_power = np.mean(sound[~said] ** 2)
    measured = 10 * np.log10((np.mean(sound[said] ** 2) - noise_power) / noise_power)
    # Bounds are cut to 10 ms and noise varies from place to place: half a decibel at most here.
    assert measured == pytest.approx(snr_db, abs=0.5)


def test_recorded_noise_is_used() -> None:
    hum = (3000 * np.sin(2 * np.pi * 100 * np.arange(40000) / 16000)).astype(np.int16)
    sounds = [sound_of(WordStream(words(10), Scene("noisy", 5.0), noise=[hum], seed=seed)) for seed in range(6)]
    spectra = [np.abs(np.fft.rfft(sound[:16000].astype(float))) for sound in sounds]
    with_hum = sum(spectrum[99:102].sum() > 0.5 * spectrum[:300].sum() for spectrum in spectra)
    assert 1 <= with_hum <= 6
    too_short = WordStream(words(10), Scene("noisy", 5.0), noise=[hum[:15999]])
    np.testing.assert_array_equal(sound_of(too_short), sound_of(WordStream(words(10), Scene("noisy", 5.0))))


@pytest.mark.slow
def test_after_speech_another_word_ends_right_before() -> None:
    scene = next(scene for scene in SCENES if scene.after_speech)
    stream = WordStream(words(), scene, others=OTHERS, seed=2)
    sound = sound_of(stream).astype(float)
    for event in stream.events:
        before = sound[(event.start_ms - GAP_AFTER_SPEECH_MS[1] - 60) * RATE : event.start_ms * RATE]
        assert np.abs(before).max() > 2000
        gap = sound[(event.start_ms - GAP_AFTER_SPEECH_MS[0] + 15) * RATE : (event.start_ms - 5) * RATE]
        assert np.abs(gap).max() < 200
    quiet = dataclasses.replace(scene, after_speech=False)
    alone = WordStream(words(), scene, others=Clips(np.zeros((0, 16000), np.int16), ()), seed=2)
    np.testing.assert_array_equal(sound_of(alone), sound_of(WordStream(words(), quiet, seed=2)))


def test_a_room_rings_on() -> None:
    room = next(scene for scene in SCENES if scene.in_room)
    dry = WordStream(words(10), dataclasses.replace(room, in_room=False), seed=6)
    wet = WordStream(words(10), room, seed=6)
    assert [event.start_ms for event in wet.events] == [event.start_ms for event in dry.events]
    tails = []
    for stream in (dry, wet):
        sound = sound_of(stream).astype(float)
        tails.append(
            np.mean([np.square(sound[e.end_ms * RATE : (e.end_ms + 50) * RATE]).mean() for e in stream.events])
        )
    assert tails[1] > 1.5 * tails[0]


def test_bounds_of_speech() -> None:
    assert speech_bounds(burst(500, 200, 300)) == (3200, 8000)
    assert speech_bounds(np.zeros(1000, np.int16)) == (0, 1000)
    assert speech_bounds(np.zeros(0, np.int16)) == (0, 0)


def test_levels() -> None:
    loud = at_level(burst(500, 200, 300), -20)
    assert 20 * np.log10(np.sqrt(np.mean(loud[3200:8000] ** 2)) / FULL_SCALE) == pytest.approx(-20, abs=0.01)
    assert not at_level(np.zeros(1000, np.int16), -20).any()


def test_a_loop_does_not_click() -> None:
    slope = np.linspace(-8000, 8000, 16000).astype(np.int16)
    sound = looped(slope, 60000)
    assert sound.size == 60000
    # Where the end meets the start, 16000 are bridged in 800 steps.
    assert np.abs(np.diff(sound)).max() < 40
