# SPDX-License-Identifier: Apache-2.0
"""This computer's microphone through a PortAudio made for the test, and what is said where there is none."""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinykws.recording.computer_microphone import PIECE_SAMPLES, ComputerMicrophone
from tinykws.support.errors import ToolError

SOUND = np.arange(-3000, 3000, dtype=np.int16)


class PortAudioError(Exception):
    pass


class FakeStream:
    """Plays SOUND; overflows and fails where it is told to."""

    def __init__(self, overflow_at: int | None, fail_at: int | None) -> None:
        self.reads: list[int] = []
        self.closed = False
        self._at = 0
        self._overflow_at = overflow_at
        self._fail_at = fail_at

    def __enter__(self) -> FakeStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def read(self, count: int) -> tuple[np.ndarray, bool]:
        if len(self.reads) == self._fail_at:
            raise PortAudioError("device unplugged")
        self.reads.append(count)
        block = SOUND[self._at : self._at + count].reshape(-1, 1)
        self._at += count
        return block, len(self.reads) - 1 == self._overflow_at


Install = Callable[..., FakeStream]


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a sounddevice whose microphone is called "desk"."""

    def install(*, overflow_at: int | None = None, fail_at: int | None = None) -> FakeStream:
        stream = FakeStream(overflow_at, fail_at)
        module: Any = types.ModuleType("sounddevice")

        def check(device: str | None, **settings: Any) -> None:
            assert settings == {"channels": 1, "dtype": "int16", "samplerate": 16000}
            if device not in (None, "desk"):
                raise ValueError(f"No input device matching {device!r}")

        module.PortAudioError = PortAudioError
        module.check_input_settings = check
        module.InputStream = lambda **settings: stream
        monkeypatch.setitem(sys.modules, "sounddevice", module)
        return stream

    return install


def test_the_sound_comes_whole_and_in_pieces_that_a_meter_can_show(portaudio: Install) -> None:
    stream = portaudio()
    pieces: list[int] = []
    take = ComputerMicrophone("desk").record(2000, lambda piece: pieces.append(piece.size))
    assert take.samples.tolist() == SOUND[:2000].tolist()
    assert take.samples.dtype == np.int16
    assert pieces == stream.reads == [PIECE_SAMPLES, PIECE_SAMPLES, 2000 - 2 * PIECE_SAMPLES]
    assert take.overruns == 0
    assert stream.closed


def test_what_the_computer_was_too_slow_for_is_counted(portaudio: Install) -> None:
    portaudio(overflow_at=1)
    assert ComputerMicrophone().record(2000, lambda _: None).overruns == 1


def test_a_microphone_that_leaves_in_the_middle_is_an_error_and_closed(portaudio: Install) -> None:
    stream = portaudio(fail_at=1)
    with pytest.raises(ToolError, match="failed: device unplugged"):
        ComputerMicrophone().record(2000, lambda _: None)
    assert stream.closed


def test_another_name_than_there_is(portaudio: Install) -> None:
    portaudio()
    with pytest.raises(ToolError, match="No input device matching 'kitchen'") as caught:
        ComputerMicrophone("kitchen")
    assert "python -m sounddevice" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("error", "says", "hint"),
    [
        (ImportError("no module"), "needs the package sounddevice", "pip install 'tinykws[record]'"),
        (OSError("PortAudio library not found"), "does not find PortAudio", "libportaudio2"),
    ],
)
def test_what_is_missing_is_told_with_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception, says: str, hint: str
) -> None:
    true_import = builtins.__import__

    def broken(name: str, *arguments: Any) -> Any:
        if name == "sounddevice":
            raise error
        return true_import(name, *arguments)

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(ToolError, match=says) as caught:
        ComputerMicrophone()
    assert hint in str(caught.value.hint)
