# SPDX-License-Identifier: Apache-2.0
"""Reads and writes audio files.

Samples are int16, mono. Files may have any sample rate, channel count and sample format that libsndfile reads (WAV,
FLAC, OGG …). The samples of a 16-bit mono file at the requested rate are returned unchanged.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples, saturated
from tinykws.support.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Recording:
    """The samples of an audio file, and the format that the file has."""

    samples: Samples
    """int16 [n], mono, at the requested sample rate."""
    sample_rate_hz_of_file: int
    channels_of_file: int


def read_audio(path: Path, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Recording:
    """Reads an audio file, mixes its channels to one and resamples it.

    Raises:
        ConfigError: the file is missing, damaged, not in a format that libsndfile reads, or holds NaN or infinity.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate, channels = int(file.samplerate), int(file.channels)
            exact = _is_exact(file, sample_rate_hz)
            raw = file.read(dtype="int16" if exact else "float64", always_2d=True)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error
    samples = raw[:, 0] if exact else _to_int16(_resampled(raw.mean(axis=1), rate, sample_rate_hz), path)
    return Recording(np.ascontiguousarray(samples), rate, channels)


def write_wav(path: Path, samples: Samples, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Writes int16 [n] as a mono 16-bit WAV file."""
    soundfile.write(path, samples, sample_rate_hz, subtype="PCM_16", format="WAV")


def resample(samples: npt.NDArray[np.float64], from_hz: float, to_hz: float) -> npt.NDArray[np.float64]:
    """Resamples float [n] with soxr's high-quality filter; returns the input if the rates are equal."""
    return _resampled(samples, from_hz, to_hz)


_EXACT_SUBTYPES = ("PCM_16", "PCM_S8", "PCM_U8", "ALAW", "ULAW")
"""Sample formats that int16 holds without loss."""


def _resampled(samples: npt.NDArray[np.float64], from_hz: float, to_hz: float) -> npt.NDArray[np.float64]:
    if math.isclose(from_hz, to_hz) or samples.size == 0:
        return samples
    return np.asarray(soxr.resample(samples, from_hz, to_hz, quality="HQ"))


def _to_int16(samples: npt.NDArray[np.float64], path: Path) -> Samples:
    if not np.isfinite(samples).all():
        raise ConfigError(
            f"cannot read {path} as audio: some samples are NaN or infinite", hint="export the file again, or delete it"
        )
    return saturated(samples * FULL_SCALE)


def _reason(error: Exception) -> str:
    """Returns libsndfile's message without the path that it repeats."""
    text = str(error)
    return text.rsplit(": ", 1)[-1].rstrip(".") if ": " in text else text


class AudioStream:
    """An audio file of any length, read one second at a time, mixed and resampled like `read_audio`."""

    def __init__(self, path: Path, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        """Opens the file. Raises ConfigError like `read_audio`, here and during iteration."""
        self._path = path
        self._sample_rate_hz = sample_rate_hz
        try:
            self._file = soundfile.SoundFile(path)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise _unreadable(path, error) from error
        self._is_exact = _is_exact(self._file, sample_rate_hz)

    @property
    def seconds(self) -> int:
        """Number of blocks: one per second, the last may be shorter."""
        frames, rate = int(self._file.frames), int(self._file.samplerate)
        return -(-frames // rate)

    def __enter__(self) -> AudioStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [n] blocks; together they equal `read_audio`, up to rounding if they are resampled."""
        resampler = None
        if not math.isclose(self._file.samplerate, self._sample_rate_hz):
            resampler = soxr.ResampleStream(
                self._file.samplerate, self._sample_rate_hz, 1, dtype="float64", quality="HQ"
            )
        for at in range(self.seconds):
            block = self._read_block()
            if self._is_exact:
                yield np.ascontiguousarray(block[:, 0])
                continue
            mixed = block.mean(axis=1)
            if resampler is not None:
                mixed = np.asarray(resampler.resample_chunk(mixed, last=at == self.seconds - 1))
            yield _to_int16(mixed, self._path)

    def _read_block(self) -> npt.NDArray[Any]:
        try:
            dtype = "int16" if self._is_exact else "float64"
            return np.asarray(self._file.read(self._file.samplerate, dtype=dtype, always_2d=True))
        except (OSError, RuntimeError) as error:
            raise _unreadable(self._path, error) from error


def _is_exact(file: soundfile.SoundFile, sample_rate_hz: int) -> bool:
    """Whether the file's samples are mono and at the requested rate already, and fit int16 without loss."""
    return bool(file.channels == 1 and file.samplerate == sample_rate_hz and file.subtype in _EXACT_SUBTYPES)


def _unreadable(path: Path, error: Exception) -> ConfigError:
    if isinstance(error, FileNotFoundError) or not path.exists():
        return ConfigError(f"there is no {path}")
    if path.is_file() and path.stat().st_size == 0:
        return ConfigError(f"{path} is empty: it has 0 bytes", hint="record or copy it again")
    return ConfigError(f"cannot read {path} as audio: {_reason(error)}", hint="convert it to WAV or FLAC, of any rate")
