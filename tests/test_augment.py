"""Augmentation does exactly what its settings ask, reproducibly, and leaves its input alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.clips.augment import FEATURE_FLOOR, add_noise, augment_clips, draw_noise, mask_features, shift
from tinykws.config import AugmentationSettings

LENGTH = 1600
OFF = AugmentationSettings(shift_ms=0, gain_db=0.0, noise_probability=0.0, time_mask_frames=0, mel_mask_channels=0)


def speech(n_clips: int, seed: int = 0, peak: int = 8000) -> np.ndarray:
    return np.random.default_rng(seed).integers(-peak, peak, (n_clips, LENGTH)).astype(np.int16)


def rms(sound: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(np.square(sound, dtype=np.float64), axis=-1))


def test_all_off_changes_nothing() -> None:
    clips = speech(5)
    np.testing.assert_array_equal(augment_clips(clips, OFF, [], np.random.default_rng(1)), clips)
    features = np.random.default_rng(2).integers(-128, 128, (3, 49, 40)).astype(np.int8)
    np.testing.assert_array_equal(mask_features(features, OFF, np.random.default_rng(1)), features)


def test_same_seed_same_clips_another_seed_others_and_the_input_stays() -> None:
    clips, noise = speech(8), [speech(1, 3)[0]]
    before = clips.copy()
    one, two, other = (augment_clips(clips, AugmentationSettings(), noise, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    np.testing.assert_array_equal(clips, before)
    assert one.dtype == np.int16


def test_read_only_memory_is_enough() -> None:
    clips = speech(4)
    clips.flags.writeable = False
    augment_clips(clips, AugmentationSettings(), [], np.random.default_rng(1))


@settings(max_examples=50)
@given(st.integers(0, 300), st.integers(0, 2**32))
def test_shift_is_bounded_and_moves_whole_clips(most: int, seed: int) -> None:
    clips = np.zeros((6, LENGTH), np.int16)
    clips[:, LENGTH // 2] = np.arange(1, 7)
    moved = shift(clips, most, np.random.default_rng(seed))
    at = moved.argmax(axis=1)
    assert np.abs(at - LENGTH // 2).max() <= most
    np.testing.assert_array_equal(moved.max(axis=1), np.arange(1, 7))


def test_shift_reaches_both_ends_and_fills_with_zeros() -> None:
    clips = np.ones((400, 50), np.int16)
    moved = shift(clips, 3, np.random.default_rng(0))
    zeros = 50 - moved.sum(axis=1)
    assert set(zeros) == {0, 1, 2, 3}
    assert (moved[:, 0] == 0).any()
    assert (moved[:, -1] == 0).any()


@settings(max_examples=50)
@given(st.lists(st.floats(-20, 60), min_size=1, max_size=8), st.integers(0, 2**32))
def test_the_snr_measured_is_the_snr_asked(snr_db: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound = speech(len(snr_db), seed).astype(np.float64)
    noise = draw_noise(sound.shape, [], rng)
    added = add_noise(sound, noise, np.array(snr_db)) - sound
    measured = 20 * np.log10(rms(sound) / rms(added))
    np.testing.assert_allclose(measured, snr_db, atol=0.05)


def test_silent_clips_and_silent_noise_stay_as_they_are() -> None:
    silent = np.zeros((1, LENGTH))
    snr_db = np.array([10.0])
    np.testing.assert_array_equal(add_noise(silent, speech(1), snr_db), silent)
    np.testing.assert_array_equal(add_noise(speech(1), silent, snr_db), speech(1))


def test_noise_comes_from_the_recordings_and_is_made() -> None:
    recording = np.full(LENGTH * 2, 7, np.int16)
    drawn = draw_noise((200, LENGTH), [recording, recording[:10]], np.random.default_rng(0))
    from_recording = (drawn == 7).all(axis=1)
    assert 0.6 < from_recording.mean() < 0.8
    np.testing.assert_allclose(rms(drawn[~from_recording]), 1, atol=1e-3)


def test_noise_probability() -> None:
    some = dataclasses.replace(OFF, noise_probability=0.25)
    clips = speech(400)
    changed = (augment_clips(clips, some, [], np.random.default_rng(0)) != clips).any(axis=1)
    assert 0.18 < changed.mean() < 0.32


def test_gain_is_bounded_and_both_ways() -> None:
    loud = dataclasses.replace(OFF, gain_db=6.0)
    clips = speech(200, peak=1000)
    gain_db = 20 * np.log10(rms(augment_clips(clips, loud, [], np.random.default_rng(0))) / rms(clips))
    assert np.abs(gain_db).max() <= 6.01
    assert gain_db.min() < -5
    assert gain_db.max() > 5


def test_too_loud_saturates_and_never_wraps() -> None:
    clips = np.where(speech(50) > 0, 32767, -32768).astype(np.int16)
    louder = augment_clips(clips, dataclasses.replace(OFF, gain_db=20.0), [], np.random.default_rng(0))
    np.testing.assert_array_equal(np.sign(louder.astype(int)), np.sign(clips.astype(int)))
    assert louder.max() == 32767


@settings(max_examples=50)
@given(st.integers(0, 12), st.integers(0, 45), st.integers(0, 2**32))
def test_masks_are_one_run_of_frames_and_one_band(frames: int, channels: int, seed: int) -> None:
    how = dataclasses.replace(OFF, time_mask_frames=frames, mel_mask_channels=channels)
    features = np.full((5, 49, 40), 3, np.int8)
    masked = mask_features(features, how, np.random.default_rng(seed))
    for blank in masked == FEATURE_FLOOR:
        rows, columns = blank.all(axis=1), blank.all(axis=0)
        whole = rows.all()
        assert whole or rows.sum() <= frames
        assert whole or columns.sum() <= channels
        assert (blank == (rows[:, None] | columns[None, :])).all()
        for line in (rows, columns):
            assert np.count_nonzero(np.diff(np.concatenate(([0], line.astype(int), [0])))) <= 2
    assert (features == 3).all()


def test_masks_reach_their_full_width_and_every_place() -> None:
    how = dataclasses.replace(OFF, time_mask_frames=5, mel_mask_channels=4)
    masked = mask_features(np.zeros((2000, 49, 40), np.int8), how, np.random.default_rng(0)) == FEATURE_FLOOR
    assert masked.all(axis=2).sum(axis=1).max() == 5
    assert masked.all(axis=1).sum(axis=1).max() == 4
    assert masked.any(axis=0).all()


@pytest.mark.parametrize("n_clips", [0, 1])
def test_small_batches(n_clips: int) -> None:
    assert augment_clips(speech(n_clips), AugmentationSettings(), [], np.random.default_rng(0)).shape[0] == n_clips
