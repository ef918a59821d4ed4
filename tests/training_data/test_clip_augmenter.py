# SPDX-License-Identifier: Apache-2.0
"""Augmentation does exactly what its settings ask, reproducibly, and leaves its input alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tinykws.project.training_settings import PROBABILITIES, AugmentationSettings
from tinykws.training_data.augmentation.clip_augmenter import BLOCK_CLIPS, Augmenter

LENGTH = 1600
OFF = AugmentationSettings(
    shift_ms=0, speed_percent=0.0, gain_db=0.0, **dict.fromkeys(PROBABILITIES, 0.0)  # type: ignore[arg-type]
)  # fmt: skip
SILENCE, UNKNOWN, WORD = 0, 1, 2


def speech(n_clips: int, seed: int = 0, peak: int = 8000) -> npt.NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-peak, peak, (n_clips, LENGTH)).astype(np.int16)


def bursts(n_clips: int) -> npt.NDArray[np.int16]:
    """A word of 30 ms in each clip's middle, each clip's of another level."""
    clips = np.zeros((n_clips, LENGTH), np.int16)
    clips[:, 560:1040] = 1000 * (1 + np.arange(n_clips)[:, None] % 8)
    return clips


def altered(
    clips: npt.NDArray[np.int16],
    label: int | list[int] = WORD,
    *,
    noise: list[npt.NDArray[np.int16]] | None = None,
    seed: int = 1,
    **settings: Any,
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int64]]:
    """Alters with all off but what is named."""
    labels = np.full(len(clips), label) if isinstance(label, int) else np.array(label)
    how = dataclasses.replace(OFF, **settings)
    augmenter = Augmenter(how, clips, labels, noise or [], np.random.default_rng(0))
    return augmenter.augment(clips, labels, np.random.default_rng(seed))


def rms(sound: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(np.sqrt(np.mean(np.square(sound, dtype=np.float64), axis=-1)))


def test_all_off_changes_nothing() -> None:
    clips = speech(5)
    same, labels = altered(clips)
    np.testing.assert_array_equal(same, clips)
    assert labels.tolist() == [WORD] * 5


@pytest.mark.slow
def test_same_seed_same_clips_another_seed_others_and_the_input_stays() -> None:
    clips, noise = speech(8), [speech(1, 3)[0]]
    before = clips.copy()
    clips.flags.writeable = False
    labels = np.array([SILENCE, UNKNOWN, WORD, WORD] * 2)

    def once(seed: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int64]]:
        augmenter = Augmenter(AugmentationSettings(), clips, labels, noise, np.random.default_rng(5))
        return augmenter.augment(clips, labels, np.random.default_rng(seed))

    (one, one_labels), (two, two_labels), (other, _) = once(1), once(1), once(2)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one_labels, two_labels)
    assert (one != other).any()
    assert one.dtype == np.int16
    np.testing.assert_array_equal(clips, before)
    np.testing.assert_array_equal(labels, [SILENCE, UNKNOWN, WORD, WORD] * 2)


def test_shift_is_bounded_and_reaches_both_ends() -> None:
    clips = np.zeros((400, LENGTH), np.int16)
    clips[:, 800] = 9000
    at = altered(clips, shift_ms=20)[0].argmax(axis=1)
    assert at.min() == pytest.approx(800 - 320, abs=10)
    assert at.max() == pytest.approx(800 + 320, abs=10)
    assert np.abs(at - 800).max() <= 320


def test_words_stand_whole_at_any_place_and_silence_stays() -> None:
    clips = bursts(300)
    placed, labels = altered(clips, place_probability=1.0)
    np.testing.assert_array_equal(np.count_nonzero(placed, axis=1), 480)
    starts = (placed != 0).argmax(axis=1)
    assert 400 <= starts.min() < 410  # the word and 20 ms beside it, in steps of 10 ms, take 1280 of 1600 samples
    assert 710 < starts.max() <= 720
    assert set(labels) == {WORD}
    np.testing.assert_array_equal(altered(clips, SILENCE, place_probability=1.0)[0], clips)


def test_cut_words_are_unknown_at_either_end_and_only_words_are_cut() -> None:
    clips = bursts(200)
    cut, labels = altered(clips, cut_probability=1.0)
    left = np.count_nonzero(cut, axis=1)
    assert left.max() <= 0.5 * 1280
    assert (cut[:, 0] != 0).any()
    assert (cut[:, -1] != 0).any()
    assert set(labels) == {UNKNOWN}
    for label in (SILENCE, UNKNOWN):
        same, labels = altered(clips, label, cut_probability=1.0)
        np.testing.assert_array_equal(same, clips)
        assert set(labels) == {label}


def test_speed_changes_pitch_by_so_much_and_both_ways() -> None:
    seconds = np.arange(LENGTH) / 16000
    clips = np.tile((8000 * np.sin(2 * np.pi * 1000 * seconds)).astype(np.int16), (300, 1))
    faster, _ = altered(clips, speed_percent=10.0)
    middle = faster[:, 400:1200] * np.hanning(800)
    pitch_hz = np.abs(np.fft.rfft(middle, 16000, axis=1)).argmax(axis=1)
    assert 890 < pitch_hz.min() < 930
    assert 1060 < pitch_hz.max() < 1110


def test_so_many_clips_stand_in_a_room_and_their_level_stays() -> None:
    clips = bursts(200)
    heard, _ = altered(clips, room_probability=0.5)
    changed = (heard != clips).any(axis=1)
    assert 0.4 < changed.mean() < 0.6
    echoes = rms(heard[changed][:, 1040:]) / rms(clips[changed])
    assert (echoes > 0.01).mean() > 0.5
    assert (rms(clips[:, 1040:]) == 0).all()


def test_microphones_colour() -> None:
    clips = speech(200)
    heard, _ = altered(clips, microphone_probability=0.5, equalizer_db=0.0)
    changed = (heard != clips).any(axis=1)
    assert 0.4 < changed.mean() < 0.6
    spectra = np.abs(np.fft.rfft(heard[changed], axis=1))
    assert np.median(spectra[:, 1:4].mean(axis=1) / spectra[:, 100:300].mean(axis=1)) < 0.7  # high-pass
    assert np.median(spectra[:, -60:].mean(axis=1) / spectra[:, 100:300].mean(axis=1)) < 0.9  # low-pass


def test_noise_and_babble_probabilities() -> None:
    clips, words = speech(400), [UNKNOWN, WORD] * 200
    noisy, _ = altered(clips, words, noise_probability=0.25)
    assert 0.18 < (noisy != clips).any(axis=1).mean() < 0.32
    among_talk, _ = altered(clips, words, babble_probability=0.25)
    assert 0.18 < (among_talk != clips).any(axis=1).mean() < 0.32


def test_silence_gets_noise_but_no_babble() -> None:
    clips = speech(BLOCK_CLIPS, peak=500)
    np.testing.assert_array_equal(altered(clips, SILENCE, babble_probability=1.0)[0], clips)
    assert (altered(clips, SILENCE, noise_probability=1.0)[0] != clips).any(axis=1).all()


def test_gain_is_bounded_and_both_ways() -> None:
    clips = speech(200, peak=1000)
    gain_db = 20 * np.log10(rms(altered(clips, gain_db=6.0)[0]) / rms(clips))
    assert np.abs(gain_db).max() <= 6.01
    assert gain_db.min() < -5
    assert gain_db.max() > 5


def test_overdrive_flattens_peaks_and_leaves_what_is_below() -> None:
    clips = speech(100)
    driven, _ = altered(clips, overdrive_probability=0.5, overdrive_db=10.0)
    peaks = np.abs(driven.astype(int)).max(axis=1)
    clipped = peaks < np.abs(clips.astype(int)).max(axis=1)
    assert 0.3 < clipped.mean() < 0.7
    assert peaks.min() >= 8000 * 10 ** (-10 / 20) - 20
    below = np.abs(clips) < peaks[:, None] - 1
    np.testing.assert_array_equal(driven[below], clips[below])


def test_too_loud_saturates_and_never_wraps() -> None:
    clips = np.where(speech(50) > 0, 32767, -32768).astype(np.int16)
    louder, _ = altered(clips, gain_db=20.0)
    np.testing.assert_array_equal(np.sign(louder.astype(int)), np.sign(clips.astype(int)))
    assert louder.max() == 32767


@pytest.mark.parametrize("n_clips", [1, BLOCK_CLIPS + 1])
@pytest.mark.parametrize("n_samples", [480, 1601, 24000])
def test_clips_of_any_number_and_length(n_clips: int, n_samples: int) -> None:
    clips = np.random.default_rng(0).integers(-900, 900, (n_clips, n_samples)).astype(np.int16)
    labels = np.full(n_clips, WORD)
    always = AugmentationSettings(**dict.fromkeys(PROBABILITIES, 1.0))  # type: ignore[arg-type]
    augmenter = Augmenter(always, clips, labels, [], np.random.default_rng(0))
    done, _ = augmenter.augment(clips, labels, np.random.default_rng(0))
    assert done.shape == clips.shape
