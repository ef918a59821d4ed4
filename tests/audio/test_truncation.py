# SPDX-License-Identifier: Apache-2.0
"""A recording that was cut off by an interrupted copy is told as damaged, in every format; a whole one never is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tinykws.audio.files import AudioStream, read_audio
from tinykws.support.errors import ConfigError

SECONDS = 3.3
FORMATS = ("mp3", "ogg", "opus", "flac", "wav", "aiff", "au")


def recording(path: Path, rate: int = 16000, channels: int = 1) -> bytes:
    """A noise that does not compress well, in the format of the suffix."""
    sound = np.random.default_rng(1).normal(0, 0.1, (round(SECONDS * rate), channels))
    opus = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}
    soundfile.write(path, sound, rate, **opus)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.95, 0.6, 0.3])
def test_a_file_that_is_cut_off_is_refused_or_told(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a.{suffix}"
    data = recording(path)
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ConfigError, match=r"as audio: ") as error:
        read_audio(path)
    told: list[str] = []
    try:
        samples = read_audio(path, on_damage=told.append).samples
    except ConfigError:
        assert suffix in ("flac", "ogg", "opus"), "these may be cut off before anything can be decoded"
        assert share < 0.9 or suffix == "flac"
        return
    assert "it is damaged, " in error.value.message
    assert 0 < samples.size < SECONDS * 16000
    (text,) = told
    assert text.startswith(f"{path} is damaged: ")
    assert f"{samples.size / 16000:.1f} s" in text
    with AudioStream(path, on_damage=told.append) as stream:
        assert sum(block.size for block in stream) == samples.size
    assert len(told) == 2


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_without_a_sample_is_read_as_that(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    opus = {"format": "OGG", "subtype": "OPUS"} if suffix == "opus" else {}
    soundfile.write(path, np.zeros((0, 2)), 48000, **opus)
    try:
        assert read_audio(path).samples.size == 0
    except ConfigError as error:
        assert "as audio" in error.message or "is empty" in error.message


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (44100, 2), (8000, 1)])
def test_a_whole_file_is_not_damaged(tmp_path: Path, suffix: str, rate: int, channels: int) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "opus" and rate == 44100:
        rate = 48000
    recording(path, rate, channels)
    told: list[str] = []
    assert abs(read_audio(path, on_damage=told.append).samples.size - SECONDS * 16000) <= 16000 * 0.1
    assert told == []


@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), bytes(1000)], ids=["ID3v1", "zeros"])
@pytest.mark.parametrize("suffix", ["mp3", "ogg", "wav"])
def test_what_follows_the_sound_is_no_damage(tmp_path: Path, suffix: str, tail: bytes) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(recording(path) + tail)
    told: list[str] = []
    read_audio(path, on_damage=told.append)
    assert told == []


def test_mp3_without_a_header_of_its_length_is_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    data = recording(path, 44100, 2)
    second_frame = data.index(data[:2], 4)
    path.write_bytes(data[second_frame:])
    told: list[str] = []
    read_audio(path, on_damage=told.append)
    assert told == []


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFFD3])
def test_wav_that_was_written_to_a_pipe_does_not_know_its_length(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.wav"
    data = bytearray(recording(path))
    at = data.index(b"data") + 4
    data[at : at + 4] = length.to_bytes(4, "little")
    path.write_bytes(data)
    told: list[str] = []
    assert read_audio(path, on_damage=told.append).samples.size == round(SECONDS * 16000)
    assert told == []
