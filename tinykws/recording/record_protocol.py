# SPDX-License-Identifier: Apache-2.0
"""A device's microphone over the serial line: `!RECORD`, and the lines of sound that come of it.

docs/serial_protocol.md has their grammar.
Every line of sound carries its place and its own check, so a line that was lost or damaged on the way is known at once.
Speech cannot be said again by a machine: such a recording is given up, and a person is asked.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import zlib
from collections.abc import Callable

import numpy as np

from tinykws.audio.samples import Samples
from tinykws.boards.rows import Board, Microphone, SerialLine
from tinykws.device.line_checksum import split_check, with_check
from tinykws.device.protocol import DeviceTrouble, Fail, Ready, parse_line
from tinykws.device.transport.line_transport import LineTransport
from tinykws.support.errors import DeviceError

MAX_SAMPLES = 960_000
"""KWS_MAX_RECORD_SAMPLES of kws_protocol.h: a minute."""
TIMEOUT_S = 8.0
"""The device gives a silent microphone up after 5 s, and says so."""
LINE_BYTES_A_SAMPLE = 2.8
"""What a sample takes on the line: 667 bytes for 240 of them (kws_record.c)."""
LINE_LATENCY_SAMPLES = 1024
"""Samples that come while a line of 240 goes out at 115,200 baud: so long it takes to see that all has been heard."""
BITS_A_BYTE = 10
"""On a UART: start, eight, stop."""

_SOUND = re.compile(r"kws sound (\d{1,10}) ([A-Za-z0-9+/]+={0,2})")
_END = re.compile(r"!OK RECORD (\d{1,10}) crc=([0-9a-f]{8}) overruns=(\d{1,10}) clipped=(\d{1,10})")


class SoundLostError(Exception):
    """Some of the sound was lost on the way; what is left of the recording is not to be used."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """What a microphone heard in one recording."""

    samples: Samples
    """int16 [n]."""
    overruns: int = 0
    """Blocks of sound that were lost before they reached the line."""
    clipped: int = 0
    """Samples that were too loud, as far as the driver tells."""


OnSound = Callable[[Samples], None]
"""Is given each piece as it comes: int16 [n]."""


def record_sound(
    transport: LineTransport, count: int, clock: Callable[[], float], on_sound: OnSound = lambda _: None
) -> Recording:
    """Records `count` samples through the device's microphone; the device must be in the test's state (`!TEST`).

    Raises:
        SoundLostError: lines were lost or came over damaged.
        DeviceError: the device refused, started anew, says nothing, or is gone.
    """
    transport.send_lines([with_check(f"!RECORD {count}")])
    recording = _RecordingReceiver(count, on_sound)
    deadline = clock() + TIMEOUT_S
    while recording.result is None:
        text = transport.read_line(max(0.0, deadline - clock()))
        if text is None:
            raise DeviceError("the device says nothing while it should record", hint="its reset button, then again")
        if recording.feed(text):
            deadline = clock() + TIMEOUT_S
    return recording.result


def longest_recording(board: Board) -> int:
    """Returns how many samples can be recorded in one piece without loss.

    A chip with USB of its own, or an emulated one, sends faster than its microphone hears. Behind a bridge, what the
    line has no time for waits in the ring of the board's row; there it must have room.
    """
    if board.serial.native_cdc or board.emulator is not None:
        return MAX_SAMPLES
    return min(MAX_SAMPLES, _longest_over_uart(board.serial, board.microphone))


def _longest_over_uart(line: SerialLine, microphone: Microphone, sample_rate_hz: int = 16000) -> int:
    share = line.baud / BITS_A_BYTE / (LINE_BYTES_A_SAMPLE * sample_rate_hz)
    return MAX_SAMPLES if share >= 1 else int((microphone.ring_samples - LINE_LATENCY_SAMPLES) / (1 - share))


class _RecordingReceiver:
    """One recording as its lines come in."""

    def __init__(self, count: int, on_sound: OnSound) -> None:
        self.result: Recording | None = None
        self._count = count
        self._on_sound = on_sound
        self._pieces: list[bytes] = []
        self._samples = 0

    def feed(self, text: str) -> bool:
        """Takes a line; returns whether it was one of the recording's. Raises SoundLostError, DeviceError."""
        body, intact = split_check(text)
        sound = _SOUND.fullmatch(body) if intact else None
        end = _END.fullmatch(body) if intact else None
        if sound:
            self._add(int(sound[1]), sound[2])
        elif end:
            self._finish(*(int(end[1]), int(end[2], 16), int(end[3]), int(end[4])))
        elif intact is False or text.startswith(("kws sound", "!OK RECORD")):
            raise SoundLostError("a line of the recording came over damaged")
        else:
            _refuse(body)
        return bool(sound or end)

    def _add(self, offset: int, text: str) -> None:
        try:
            pcm = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise SoundLostError("a line of the recording is no base64") from error
        if offset != self._samples:
            raise SoundLostError(f"{offset - self._samples} samples of the recording were lost on the line")
        self._pieces.append(pcm)
        self._samples += len(pcm) // 2
        self._on_sound(np.frombuffer(pcm, "<i2").astype(np.int16))

    def _finish(self, count: int, crc: int, overruns: int, clipped: int) -> None:
        pcm = b"".join(self._pieces)
        if (count, crc) != (self._samples, zlib.crc32(pcm)) or count != self._count:
            raise SoundLostError("the end of the recording does not fit what came before it")
        self.result = Recording(np.frombuffer(pcm, "<i2").astype(np.int16), overruns, clipped)


def _refuse(text: str) -> None:
    """Raises DeviceError where a line says that there will be no recording; others mean nothing here."""
    line = parse_line(text)
    if isinstance(line, Fail) and line.code == "timeout":
        raise DeviceError(
            "the device's microphone gives no sound at all",
            hint="has the board a microphone, and does it run? See: tinykws monitor",
        )
    if isinstance(line, Fail) and line.code == "command":
        raise DeviceError("the firmware on the device cannot record", hint="put newer firmware on it: tinykws flash")
    if isinstance(line, Fail):
        raise DeviceError(f"the device refused to record: {line.code} {line.words}")
    if isinstance(line, Ready):
        raise DeviceError("the device started anew in the middle of a recording", hint="is its power good?")
    if isinstance(line, DeviceTrouble):
        raise DeviceError(f"the device reports: {line.what} {line.words}")
