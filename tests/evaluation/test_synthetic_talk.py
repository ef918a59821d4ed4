# SPDX-License-Identifier: Apache-2.0
"""Made talk: all words are in it, in sentences, with short pauses, as loud as speakers near and far."""

from __future__ import annotations

import numpy as np
import pytest

from tinykws.audio.samples import FULL_SCALE
from tinykws.evaluation.synthetic_talk import BETWEEN_SENTENCES_MS, BETWEEN_WORDS_MS, PASSES, SENTENCE_WORDS, TalkStream
from tinykws.evaluation.word_stream import SPEECH_DB, Clips, Scene

RATE = 16
QUIET, NOISY = Scene("made talk"), Scene("made talk, noise", 10.0)
LENGTHS_MS = (200, 300, 450)


def tones(count: int = 12) -> Clips:
    clips = np.zeros((count, 16000), np.int16)
    for at, clip in enumerate(clips):
        length = LENGTHS_MS[at % 3] * RATE
        begin = 1600 * (at % 5)
        clip[begin : begin + length] = 5000 * np.sin(2 * np.pi * (300 + 100 * at) * np.arange(length) / 16000)
    return Clips(clips, ("_unknown_",) * count)


def level_db(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(sound, dtype=np.float64))) / FULL_SCALE))


def runs(loud: np.ndarray) -> list[tuple[bool, int]]:
    """Returns whether and for how many hops it is loud, run by run."""
    edges = np.flatnonzero(np.diff(loud.astype(int))) + 1
    parts = np.split(loud, edges)
    return [(bool(part[0]), len(part)) for part in parts]


@pytest.mark.parametrize("scene", [QUIET, NOISY], ids=["quiet", "noisy"])
def test_length_and_repetition(scene: Scene) -> None:
    made = TalkStream(tones(), scene, seed=3)
    pieces = list(made)
    sound = np.concatenate(pieces)
    assert sound.dtype == np.int16
    assert len(pieces) == made.pieces
    assert sound.size * 1000 // 16000 == made.duration_ms
    np.testing.assert_array_equal(sound, np.concatenate(list(TalkStream(tones(), scene, seed=3))))
    assert TalkStream(tones(), scene, seed=4).duration_ms != made.duration_ms
    assert made.events == ()


def test_every_word_is_said_in_every_pass_with_short_pauses() -> None:
    clips = tones()
    sound = np.concatenate(list(TalkStream(clips, QUIET, seed=3)))
    hops = sound[: sound.size // 160 * 160].reshape(-1, 160).astype(float)
    loud = np.abs(hops).max(axis=1) > 200
    said = [length for is_loud, length in runs(loud) if is_loud]
    assert abs(sum(said) * 10 - PASSES * 4 * sum(LENGTHS_MS)) < 20 * PASSES * len(clips)  # to 10 ms at each edge
    pauses_ms = [length * 10 for is_loud, length in runs(loud) if not is_loud][1:-1]
    longest = BETWEEN_WORDS_MS[1] + BETWEEN_SENTENCES_MS[1]
    assert all(BETWEEN_WORDS_MS[0] - 20 <= pause <= longest + 20 for pause in pauses_ms)
    between_words = [pause for pause in pauses_ms if pause <= BETWEEN_WORDS_MS[1] + 20]
    assert len(between_words) > len(pauses_ms) / 2


def test_sentences_are_as_long_and_as_loud_as_they_shall_be() -> None:
    pieces = list(TalkStream(tones(60), QUIET, seed=5))
    longest = SENTENCE_WORDS[1] * (max(LENGTHS_MS) + 10 + BETWEEN_WORDS_MS[1]) + BETWEEN_SENTENCES_MS[1]
    assert all(piece.size <= longest * RATE for piece in pieces)
    for piece in pieces:
        loud = piece[np.abs(piece) > 30]
        assert min(abs(level_db(loud) - level) for level in SPEECH_DB) < 5


def test_noise_is_in_the_pauses_too() -> None:
    ends = [level_db(piece[-4000:]) for piece in TalkStream(tones(60), NOISY, seed=5)]
    assert all(min(abs(end - (level - 10)) for level in SPEECH_DB) < 3 for end in ends)
