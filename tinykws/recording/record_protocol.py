# SPDX-License-Identifier: Apache-2.0
"""The `!RECORD` command and the lines of samples that answer it (grammar: docs/reference/serial_protocol.md).

Every line carries its position and a check, so a lost or damaged line is detected at once. The speech cannot be sent
again: such a recording is discarded, and the person is asked to repeat it.
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
"""Longer than the 5 s after which the device reports a microphone that delivers nothing."""
LINE_BYTES_A_SAMPLE = 2.8
"""Bytes of transport per sample: 667 for 240 of them (kws_record.c)."""
LINE_LATENCY_SAMPLES = 1024
"""Samples that arrive while a line of 240 is sent at 115,200 baud: the delay until the device sees that it has all."""
BITS_A_BYTE = 10
"""On a UART: a start bit, eight data bits, a stop bit."""

_SOUND = re.compile(r"kws sound (\d{1,10}) ([A-Za-z0-9+/]+={0,2})")
_END = re.compile(r"!OK RECORD (\d{1,10}) crc=([0-9a-f]{8}) overruns=(\d{1,10}) clipped=(\d{1,10})")


class SoundLostError(Exception):
    """Samples were lost in transmission, so the recording must be discarded."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """One recording of a microphone."""

    samples: Samples
    """int16 [n]."""
    overruns: int = 0
    """Blocks of samples that were lost on the device."""
    clipped: int = 0
    """Samples that clipped, as far as the driver reports it."""


OnSound = Callable[[Samples], None]
"""Called with each piece of samples as it arrives: int16 [n]."""


def record_sound(
    transport: LineTransport, count: int, clock: Callable[[], float], on_sound: OnSound = lambda _: None
) -> Recording:
    """Records `count` samples through the device's microphone; the device must have confirmed `!TEST`.

    Raises:
        SoundLostError: lines were lost or arrived damaged.
        DeviceError: the device refused, restarted, timed out, or is gone.
    """
    transport.send_lines([with_check(f"!RECORD {count}")])
    recording = _RecordingReceiver(count, on_sound)
    deadline = clock() + TIMEOUT_S
    while recording.result is None:
        text = transport.read_line(max(0.0, deadline - clock()))
        if text is None:
            raise DeviceError(
                f"the device sent nothing for {TIMEOUT_S:.0f} s while recording",
                hint="press its reset button, then try again",
            )
        if recording.feed(text):
            deadline = clock() + TIMEOUT_S
    return recording.result


def longest_recording(board: Board) -> int:
    """Returns how many samples can be recorded in one piece without loss.

    A chip with native USB, or an emulated one, sends faster than its microphone delivers. Over a UART, samples that
    cannot be sent yet wait in a ring buffer on the device (`ring_samples` of the board's row), which limits the length.
    """
    if board.serial.native_cdc or board.emulator is not None:
        return MAX_SAMPLES
    return min(MAX_SAMPLES, _longest_over_uart(board.serial, board.microphone))


def _longest_over_uart(line: SerialLine, microphone: Microphone, sample_rate_hz: int = 16000) -> int:
    share = line.baud / BITS_A_BYTE / (LINE_BYTES_A_SAMPLE * sample_rate_hz)
    return MAX_SAMPLES if share >= 1 else int((microphone.ring_samples - LINE_LATENCY_SAMPLES) / (1 - share))


class _RecordingReceiver:
    """Assembles one recording from its lines."""

    def __init__(self, count: int, on_sound: OnSound) -> None:
        self.result: Recording | None = None
        self._count = count
        self._on_sound = on_sound
        self._pieces: list[bytes] = []
        self._samples = 0

    def feed(self, text: str) -> bool:
        """Handles a line; returns whether it was part of the recording. Raises SoundLostError, DeviceError."""
        body, intact = split_check(text)
        sound = _SOUND.fullmatch(body) if intact else None
        end = _END.fullmatch(body) if intact else None
        if sound:
            self._add(int(sound[1]), sound[2])
        elif end:
            self._finish(*(int(end[1]), int(end[2], 16), int(end[3]), int(end[4])))
        elif intact is False or text.startswith(("kws sound", "!OK RECORD")):
            raise SoundLostError("a line of the recording arrived damaged")
        else:
            _refuse(body)
        return bool(sound or end)

    def _add(self, offset: int, text: str) -> None:
        try:
            pcm = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise SoundLostError("a line of the recording is not valid base64") from error
        if offset != self._samples:
            raise SoundLostError(f"{offset - self._samples} samples of the recording were lost in transmission")
        self._pieces.append(pcm)
        self._samples += len(pcm) // 2
        self._on_sound(np.frombuffer(pcm, "<i2").astype(np.int16))

    def _finish(self, count: int, crc: int, overruns: int, clipped: int) -> None:
        pcm = b"".join(self._pieces)
        if (count, crc) != (self._samples, zlib.crc32(pcm)) or count != self._count:
            raise SoundLostError("the last line of the recording does not match the samples before it")
        self.result = Recording(np.frombuffer(pcm, "<i2").astype(np.int16), overruns, clipped)


def _refuse(text: str) -> None:
    """Raises DeviceError if a line says that the recording failed; ignores other lines."""
    line = parse_line(text)
    if isinstance(line, Fail) and line.code == "timeout":
        raise DeviceError(
            "the device's microphone delivers no samples",
            hint="does the board have a microphone, and does it work? To see: tinykws monitor",
        )
    if isinstance(line, Fail) and line.code == "command":
        raise DeviceError("the firmware on the device cannot record", hint="put newer firmware on it: tinykws flash")
    if isinstance(line, Fail):
        raise DeviceError(f"the device refused to record: {line.code} {line.words}")
    if isinstance(line, Ready):
        raise DeviceError("the device restarted during the recording", hint="is its power supply stable?")
    if isinstance(line, DeviceTrouble):
        raise DeviceError(f"the device reports: {line.what} {line.words}")
