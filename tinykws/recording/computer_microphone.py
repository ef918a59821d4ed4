# SPDX-License-Identifier: Apache-2.0
"""This computer's microphone, through PortAudio and the package sounddevice."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.recording.record_protocol import MAX_SAMPLES, OnSound, Recording
from tinykws.support.errors import ToolError

PIECE_SAMPLES = 800
"""50 ms per read, so that the level meter moves and Ctrl-C is handled."""


class ComputerMicrophone:
    """The system's default input device, or a named one.

    Args:
        name: part of an input device's name; None: the system's default.

    Raises:
        ToolError: sounddevice or PortAudio is missing, or no microphone has that name.
    """

    longest_samples = MAX_SAMPLES

    def __init__(self, name: str | None = None) -> None:
        self._sounddevice = _import_sounddevice()
        self._name = name
        try:
            self._sounddevice.check_input_settings(name, channels=1, dtype="int16", samplerate=SAMPLE_RATE_HZ)
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise ToolError(
                f"this computer's microphone cannot be used: {error}",
                hint="connect a microphone, or choose one: --microphone NAME\nto list them: python -m sounddevice",
            ) from error

    def record(self, count: int, on_sound: OnSound) -> Recording:
        """Records `count` samples. Raises ToolError if the microphone fails."""
        pieces: list[Samples] = []
        lost = 0
        try:
            with self._sounddevice.InputStream(
                samplerate=SAMPLE_RATE_HZ, channels=1, dtype="int16", device=self._name
            ) as stream:
                while count > 0:
                    block, overflowed = stream.read(min(count, PIECE_SAMPLES))
                    piece = np.ascontiguousarray(block[:, 0], np.int16)
                    pieces.append(piece)
                    lost += bool(overflowed)
                    count -= piece.size
                    on_sound(piece)
        except self._sounddevice.PortAudioError as error:
            raise ToolError(f"this computer's microphone failed: {error}") from error
        return Recording(np.concatenate(pieces), lost)


def _import_sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise ToolError(
            "recording through this computer's microphone needs the package sounddevice",
            hint="pip install 'tinykws[record]'\nor use a board's microphone: --board B, --port P",
        ) from error
    except OSError as error:  # the package is installed, PortAudio is not
        raise ToolError(
            f"sounddevice does not find PortAudio: {error}",
            hint="sudo apt-get install libportaudio2   (Debian, Ubuntu)",
        ) from error
    return sounddevice
