# SPDX-License-Identifier: Apache-2.0
"""Audio files of every kind come in as int16, and unfit recordings are known."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tinykws.audio.files import AudioStream, TooLongError, read_audio, resample, write_wav
from tinykws.audio.levels import defect_of
from tinykws.audio.samples import fit_length, loudest_start, saturated
from tinykws.support.errors import ConfigError

RNG = np.random.default_rng(0)


def tone(hz: float, rate: int, seconds: float = 1.0, peak: float = 0.5) -> np.ndarray:
    return peak * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize(("suffix", "kind"), [("wav", "WAV"), ("flac", "FLAC")])
def test_16_bit_mono_comes_back_bit_for_bit(tmp_path: Path, suffix: str, kind: str) -> None:
    samples = RNG.integers(-32768, 32768, 16000, dtype=np.int16)
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, samples, 16000, subtype="PCM_16", format=kind)
    recording = read_audio(path)
    np.testing.assert_array_equal(recording.samples, samples)
    assert (recording.sample_rate_hz_of_file, recording.channels_of_file) == (16000, 1)


@pytest.mark.parametrize(
    ("subtype", "tolerance"),
    [("PCM_U8", 256), ("PCM_16", 1), ("PCM_24", 1), ("PCM_32", 1), ("FLOAT", 1), ("DOUBLE", 1)],
)
def test_every_width_has_the_same_scale(tmp_path: Path, subtype: str, tolerance: int) -> None:
    sound = tone(440, 16000)
    soundfile.write(tmp_path / "a.wav", sound, 16000, subtype=subtype)
    read = read_audio(tmp_path / "a.wav").samples
    assert np.abs(read - sound * 32768).max() <= tolerance


@pytest.mark.parametrize(
    ("subtype", "rate", "channels"), [("FLOAT", 16000, 1), ("PCM_16", 16000, 2), ("PCM_16", 8000, 1)]
)
def test_a_file_without_samples_is_empty_in_every_format(
    tmp_path: Path, subtype: str, rate: int, channels: int
) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((0, channels)), rate, subtype=subtype)
    recording = read_audio(tmp_path / "a.wav")
    assert recording.samples.size == 0
    assert recording.samples.dtype == np.int16
    with AudioStream(tmp_path / "a.wav") as stream:
        assert sum(block.size for block in stream) == 0


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_any_rate_keeps_pitch_level_and_length(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1000, rate), rate, subtype="FLOAT")
    recording = read_audio(tmp_path / "a.wav")
    assert abs(recording.samples.size - 16000) <= 1
    assert recording.sample_rate_hz_of_file == rate
    middle = slice(1000, 15000)
    expected = tone(1000, 16000, recording.samples.size / 16000) * 32768
    assert np.abs(recording.samples[middle] - expected[middle]).max() < 0.005 * 16384


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = tone(300, 16000), tone(700, 16000)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 16000, subtype="DOUBLE")
    recording = read_audio(tmp_path / "a.wav")
    assert recording.channels_of_file == 2
    np.testing.assert_array_equal(recording.samples, saturated((left + right) / 2 * 32768))


def test_too_loud_float_saturates(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([2.0, -2.0, 1.0, 0.0] * 10), 16000, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav").samples[:4], [32767, -32768, 32767, 0])


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_saturated_stays_near_and_in_range(values: list[float]) -> None:
    got = saturated(np.array(values)).astype(np.float64)
    np.testing.assert_array_less(np.abs(got - np.clip(values, -32768, 32767)), 0.5 + 1e-6)


def test_resample_to_the_same_rate_changes_nothing() -> None:
    sound = RNG.standard_normal(100)
    np.testing.assert_array_equal(resample(sound, 16000, 16000), sound)


def test_write_and_read(tmp_path: Path) -> None:
    samples = RNG.integers(-32768, 32768, 1234, dtype=np.int16)
    write_wav(tmp_path / "a.wav", samples)
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav").samples, samples)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no .*nothing\.wav"):
        read_audio(tmp_path / "nothing.wav")


@pytest.mark.parametrize("data", [b"", b"RIFF", b"hello world" * 100])
def test_no_audio_is_an_error_that_names_the_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.wav").write_bytes(data)
    with pytest.raises(ConfigError, match=r"cannot read .*bad\.wav as audio|bad\.wav is empty: it has 0 bytes"):
        read_audio(tmp_path / "bad.wav")


def test_numbers_that_are_none_are_an_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0.0, np.nan, 0.5]), 16000, subtype="FLOAT")
    with pytest.raises(ConfigError, match="NaN or infinite"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(0), "empty"),
        (np.full(160, 1000), "only 10 ms long"),
        (np.zeros(16000), "silent"),
        (np.full(16000, 5000), "silent"),  # DC is no sound
        (np.sign(np.sin(np.arange(16000) / 20)) * 32767, "clipped: 100% "),
        (tone(200, 16000, peak=0.9) * 32768, None),
        (np.clip(tone(200, 16000, peak=1.0003), -1, 0.99997) * 32768, None),
    ],
)
def test_defects(samples: np.ndarray, reason: str | None) -> None:
    defect = defect_of(samples.astype(np.int16))
    assert defect == reason if reason is None else str(defect).startswith(reason)


@given(st.integers(0, 40000), st.integers(1, 20000))
def test_fit_length_gives_that_length(size: int, length: int) -> None:
    assert fit_length(np.ones(size, np.int16), length).size == length


def test_short_clips_get_zeros_at_the_end() -> None:
    np.testing.assert_array_equal(fit_length(np.array([1, 2, 3], np.int16), 5), [1, 2, 3, 0, 0])


def test_long_clips_keep_their_loudest_part() -> None:
    samples = RNG.integers(-100, 100, 48000).astype(np.int16)
    samples[30000:38000] = RNG.integers(-32768, 32768, 8000)
    start = loudest_start(samples, 16000)
    assert start <= 30000
    assert start + 16000 >= 38000
    np.testing.assert_array_equal(fit_length(samples, 16000), samples[start : start + 16000])


@pytest.mark.parametrize(("suffix", "subtype"), [("mp3", None), ("ogg", "VORBIS"), ("opus", "OPUS")])
def test_compressed_formats_keep_the_length(tmp_path: Path, suffix: str, subtype: str | None) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tone(440, 16000, 3.0), 16000, format="MP3" if suffix == "mp3" else "OGG", subtype=subtype)
    assert read_audio(path).samples.size == 48000


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("second", [-0.98, -0.9, 0.0])
def test_channels_that_cancel_each_other_leave_the_louder_one(tmp_path: Path, rate: int, second: float) -> None:
    left = tone(440, rate, 2.0)
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([second * left, left], axis=1), rate, subtype="FLOAT")
    recording = read_audio(path)
    expected = tone(440, 16000, 2.0, 0.25 if second == 0.0 else 0.5) * 32768
    assert recording.channel_used == (None if second == 0.0 else 1)
    assert np.abs(recording.samples[1000:-1000] - expected[1000:-1000]).max() < 100
    stream = np.concatenate(list(AudioStream(path)))
    assert np.abs(stream.astype(int) - recording.samples[: stream.size]).max() <= 1


def test_one_of_eight_channels_is_not_taken_for_cancelled(tmp_path: Path) -> None:
    sound = np.zeros((16000, 8))
    sound[:, 3] = tone(440, 16000)
    soundfile.write(tmp_path / "a.wav", sound, 16000)
    assert read_audio(tmp_path / "a.wav").channel_used is None


def test_a_longer_recording_than_wanted_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(65 * 16000, np.int16))
    with pytest.raises(TooLongError, match="1:05 long, more than 60 s"):
        read_audio(tmp_path / "a.wav", 16000, 60)
    assert read_audio(tmp_path / "a.wav", 16000, 65).samples.size == 65 * 16000


def test_a_damaged_flac_is_refused_with_what_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "a b.flac"
    soundfile.write(path, RNG.integers(-3000, 3000, 48000, dtype=np.int16), 16000)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ConfigError, match="as audio") as error:
        read_audio(path)
    assert f"ffmpeg -i '{path}'" in (error.value.hint or "")


@pytest.mark.skipif(sys.platform == "win32", reason="has none of these")
@pytest.mark.parametrize("read", [read_audio, AudioStream])
def test_what_is_not_a_file_is_not_opened(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "endless.wav").symlink_to("/dev/zero")
    for name, kind in (("pipe.wav", "a named pipe"), ("endless.wav", "a device"), ("", "a folder")):
        with pytest.raises(ConfigError, match=f"it is {kind}, not a file"):
            read(tmp_path / name)
    (tmp_path / "lost.wav").symlink_to(tmp_path / "none")
    with pytest.raises(ConfigError, match="the link points to nothing"):
        read(tmp_path / "lost.wav")
