# SPDX-License-Identifier: Apache-2.0
"""Reads and writes audio files.

Samples are int16, mono. Files may have any sample rate, channel count and sample format that libsndfile reads (WAV,
FLAC, MP3, OGG …). The samples of a 16-bit mono file at the requested rate are returned unchanged. Only regular files
are opened: a pipe would wait forever, and a device has no end. Files are read one second at a time, so memory is needed
for the samples that are returned, whatever the file's rate and number of channels.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import os
import shlex
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from tinykws.audio.channels import cancelled_channel, mixed
from tinykws.audio.formats import not_a_file
from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples, saturated
from tinykws.audio.truncation import is_cut_ogg, promised_frames
from tinykws.support.errors import ConfigError
from tinykws.support.files import write_bytes

OnDamage: TypeAlias = Callable[[str], None]
TOLERANCE_MS = 100
"""Missing at the end of a file that is no damage: encoders round to their frames, and some headers are not exact."""


class TooLongError(ConfigError):
    """A recording is longer than the caller can use."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """The samples of an audio file, and the format that the file has."""

    samples: Samples
    """int16 [n], mono, at the requested sample rate."""
    sample_rate_hz_of_file: int
    channels_of_file: int
    channel_used: int | None = None
    """The only channel that was used, from 0, because the channels cancel each other; None: their mean."""


def read_audio(
    path: Path,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    longest_seconds: float | None = None,
    on_damage: OnDamage | None = None,
) -> Recording:
    """Reads an audio file, mixes its channels to one and resamples it.

    Args:
        path: the file.
        sample_rate_hz: rate of the samples that are returned.
        longest_seconds: refuse a longer recording before it is read; None: no limit.
        on_damage: called with a sentence if less can be decoded than the file promises, but something; None: refuse it.

    Raises:
        TooLongError: the recording is longer than `longest_seconds`.
        ConfigError: the file is missing, not a regular file, damaged, not in a format that libsndfile reads, or holds
            NaN or infinity.
    """
    with _Opened(path, sample_rate_hz, on_damage) as opened:
        raw = list(opened.blocks(longest_seconds))
    whole: npt.NDArray[Any] = np.concatenate(raw) if raw else np.zeros(0, np.int16)
    if raw and not opened.is_exact:
        whole = _to_int16(_resampled(whole, opened.rate, sample_rate_hz), path)
    return Recording(np.ascontiguousarray(whole), opened.rate, opened.channels, opened.channel)


def write_wav(path: Path, samples: Samples, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Writes int16 [n] as a mono 16-bit WAV file. Raises OSError, with its number, if the disk is full."""
    whole = io.BytesIO()  # libsndfile says "System error" for all that can go wrong with a file
    soundfile.write(whole, samples, sample_rate_hz, subtype="PCM_16", format="WAV")
    write_bytes(path, whole.getvalue())


@contextlib.contextmanager
def writing_wav(path: Path, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Iterator[Callable[[Samples], None]]:
    """Yields a function that appends int16 [n] to a mono 16-bit WAV file. Raises OSError."""
    with path.open("wb") as file, wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(sample_rate_hz)
        yield lambda samples: target.writeframes(np.asarray(samples, "<i2").tobytes())


@contextlib.contextmanager
def writing_flac(path: Path, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Iterator[Callable[[Samples], None]]:
    """Yields a function that appends int16 [n] to a mono 16-bit FLAC file. Raises OSError, with its number."""
    try:
        with path.open("wb") as raw:
            file = _NotingErrors(raw)
            try:
                with soundfile.SoundFile(file, "w", sample_rate_hz, 1, "PCM_16", format="FLAC") as target:
                    yield lambda samples: target.write(np.asarray(samples, np.int16))
            except RuntimeError as error:
                raise file.error or error from error
            if file.error is not None:
                raise file.error
    except OSError as error:
        raise OSError(error.errno, error.strerror, error.filename or str(path)) from error


class _NotingErrors:
    """A file for libsndfile, which forgets why writing failed."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self._file = file
        self.error: OSError | None = None
        self.seek, self.tell, self.flush = file.seek, file.tell, file.flush

    def write(self, data: bytes) -> int:
        """Returns the number of bytes written, 0 after an error."""
        try:
            return self._file.write(data) if self.error is None else 0
        except OSError as error:
            self.error = error
            return 0


def resample(samples: npt.NDArray[np.float64], from_hz: float, to_hz: float) -> npt.NDArray[np.float64]:
    """Resamples float [n] with soxr's high-quality filter; returns the input if the rates are equal."""
    return _resampled(samples, from_hz, to_hz)


def duration_text(seconds: float) -> str:
    """Returns a length for people: "2:00:00" or "1:05"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


_EXACT_SUBTYPES = ("PCM_16", "PCM_S8", "PCM_U8", "ALAW", "ULAW")
"""Sample formats that int16 holds without loss."""
_ERRORS = (OSError, RuntimeError, TypeError, ValueError)
"""What soundfile raises for files that it cannot read."""


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


class _Opened:
    """An open audio file, its format, and how its channels are mixed."""

    def __init__(self, path: Path, sample_rate_hz: int, on_damage: OnDamage | None = None) -> None:
        """Opens the file. Raises ConfigError."""
        self._path = path
        self._on_damage = on_damage
        _require_file(path)
        try:
            self._file = soundfile.SoundFile(_name(path))
            self._is_broken = False
            self.rate, self.channels = int(self._file.samplerate), int(self._file.channels)
            self.is_exact = _is_exact(self._file, sample_rate_hz)
            self.channel = None
            if self.channels > 1:
                with soundfile.SoundFile(
                    _name(path)
                ) as start:  # opened again: after MP3 is rewound, it has other samples
                    self.channel = cancelled_channel(start)
        except _ERRORS as error:
            raise _unreadable(path, error) from error

    @property
    def frames(self) -> int:
        """Samples per channel, as the file says; a file that was written while streaming may not know."""
        return int(self._file.frames)

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def blocks(self, longest_seconds: float | None = None) -> Iterator[npt.NDArray[Any]]:
        """Yields [n] blocks of a second, mixed: int16 if the file's samples are exact, otherwise float64."""
        longest = math.inf if longest_seconds is None else longest_seconds
        if longest * self.rate < self.frames < _UNKNOWN_FRAMES:
            raise self._too_long(self.frames, longest)
        count = 0
        for block in self._decoded():
            count += len(block)
            if count > longest * self.rate:
                raise self._too_long(count, longest)
            yield block[:, 0] if self.is_exact else mixed(block, self.channel)
        if damage := self._damage(count):
            if self._on_damage is None or not count:
                raise ConfigError(
                    f"cannot read {self._path} as audio: it is damaged, {damage}", hint=_convert(self._path)
                )
            self._on_damage(f"{self._path} is damaged: {damage}")

    def _decoded(self) -> Iterator[npt.NDArray[Any]]:
        """Yields blocks [n, channels], up to the end or, of a damaged file, as far as it can be decoded."""
        dtype = "int16" if self.is_exact else "float64"
        is_first = True
        while True:
            try:
                block = np.asarray(self._file.read(self.rate, dtype=dtype, always_2d=True))
            except _ERRORS as error:
                if is_first:
                    raise _unreadable(self._path, error) from error
                self._is_broken = True
                return
            if not len(block):
                return
            yield block
            is_first = False

    def _too_long(self, frames: int, longest_seconds: float) -> TooLongError:
        return TooLongError(
            f"cannot use {self._path}: {duration_text(frames / self.rate)} long, more than {longest_seconds:g} s",
            hint="cut it into clips of one word each",
        )

    def _damage(self, count: int) -> str:
        """Returns what is missing of a file of which this many samples were decoded; "" if nothing is."""
        promised = promised_frames(self.frames, self._file.extra_info)
        tolerance = 0 if self._file.format == "FLAC" else self.rate * TOLERANCE_MS // 1000
        seconds = count / self.rate
        if count + tolerance < promised < _UNKNOWN_FRAMES:
            return f"only {seconds:.1f} s of its {promised / self.rate:.1f} s can be decoded"
        if self._is_broken or (self._file.format == "OGG" and is_cut_ogg(self._path)):
            return f"it breaks off after {seconds:.1f} s"
        return ""


_UNKNOWN_FRAMES = 1 << 62
"""libsndfile reports more than this if the file does not say how long it is."""


class AudioStream:
    """An audio file of any length, read one second at a time, mixed and resampled like `read_audio`."""

    def __init__(self, path: Path, sample_rate_hz: int = SAMPLE_RATE_HZ, on_damage: OnDamage | None = None) -> None:
        """Opens the file; on_damage as for `read_audio`. Raises ConfigError like it, here and during iteration."""
        self._path = path
        self._sample_rate_hz = sample_rate_hz
        self._opened = _Opened(path, sample_rate_hz, on_damage)

    @property
    def seconds(self) -> int:
        """Number of blocks: one per second, the last may be shorter."""
        return -(-self._opened.frames // self._opened.rate)

    def __enter__(self) -> AudioStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [n] blocks; together they equal `read_audio`, up to rounding if they are resampled."""
        if self._opened.is_exact:
            yield from map(np.ascontiguousarray, self._opened.blocks())
            return
        if math.isclose(self._opened.rate, self._sample_rate_hz):
            yield from (_to_int16(block, self._path) for block in self._opened.blocks())
            return
        resampler = soxr.ResampleStream(self._opened.rate, self._sample_rate_hz, 1, dtype="float64", quality="HQ")
        last: npt.NDArray[Any] | None = None
        for block in self._opened.blocks():
            if last is not None:
                yield _to_int16(np.asarray(resampler.resample_chunk(last)), self._path)
            last = block
        if last is not None:
            yield _to_int16(np.asarray(resampler.resample_chunk(last, last=True)), self._path)


def _name(path: Path) -> str | bytes:
    """Returns a path as soundfile takes it; as text it refuses names that are not UTF-8."""
    return str(path) if sys.platform == "win32" else os.fsencode(path)


def _is_exact(file: soundfile.SoundFile, sample_rate_hz: int) -> bool:
    """Whether the file's samples are mono and at the requested rate already, and fit int16 without loss."""
    return bool(file.channels == 1 and file.samplerate == sample_rate_hz and file.subtype in _EXACT_SUBTYPES)


def _require_file(path: Path) -> None:
    """Raises ConfigError unless `path` is a regular file or a link to one; opens nothing."""
    try:
        kind = not_a_file(path.stat().st_mode)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if kind is not None:
        raise ConfigError(
            f"cannot read {path} as audio: it is {kind}, not a file", hint="name a recording: a WAV, FLAC or MP3 file"
        )


def _unreadable(path: Path, error: Exception) -> ConfigError:
    if isinstance(error, FileNotFoundError):
        where = ": the link points to nothing" if path.is_symlink() else ""
        return ConfigError(f"there is no {path}{where}")
    if path.is_file() and path.stat().st_size == 0:
        return ConfigError(f"{path} is empty: it has 0 bytes", hint="record or copy it again")
    if isinstance(error, OSError) and error.strerror:
        return ConfigError(f"cannot read {path} as audio: {error.strerror}", hint="check the file's permissions")
    return ConfigError(f"cannot read {path} as audio: {_reason(error)}", hint=_convert(path))


def _convert(path: Path) -> str:
    """Returns the hint for a file that libsndfile cannot decode: other programs often can."""
    target = path.with_name(f"{path.stem}-converted.wav")
    return (
        f"convert it to WAV or FLAC, of any rate: ffmpeg -i {shlex.quote(str(path))} {shlex.quote(str(target))}"
        "   (ffmpeg reads some files that libsndfile does not)"
    )


def _reason(error: Exception) -> str:
    """Returns libsndfile's message without the path that it repeats."""
    text = str(error)
    return text.rsplit(": ", 1)[-1].rstrip(".") if ": " in text else text
