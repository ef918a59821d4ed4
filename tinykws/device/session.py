"""The conversation with a device: ask who it is, send it clips, keep every line in a log.

Knows the protocol and its time limits, and nothing of ports: it is given a link with two methods. What a clip comes
to is not looked at here; that is the verdict's business (verdict.py), from the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

from tinykws.device.clip_audio import ClipAudio
from tinykws.device.protocol import (
    AUDIO_TYPE,
    EXIT,
    INFO,
    RESET,
    TEST,
    Ack,
    ClipFigures,
    DeviceTrouble,
    Fail,
    Line,
    Ok,
    Other,
    Ready,
    Scores,
    announcement,
    audio_lines,
    parse_line,
)
from tinykws.device.verdict import RECEIVED, SENT, LogEntry
from tinykws.errors import DeviceError

OnResult: TypeAlias = Callable[[Line], None]
BYTES_PER_SECOND = 32_000
SLOWEST = 60
"""A device that takes longer than this many times a clip's length is given up."""
ASK_AGAIN_S = 1.0
"""A board that is still starting does not hear the first question."""
OUR_BEGINNINGS = ("kws ", "Heard ", "!")


class LineLink(Protocol):
    """What a session talks through: tinykws.doors.serial_link.SerialLink, or a test's own."""

    def send_lines(self, texts: list[str]) -> None:
        """Sends lines in one piece. Raises DeviceError where the device is gone."""

    def read_line(self, timeout_s: float) -> str | None:
        """Returns the next line, or None where none came in time. Raises DeviceError where the device is gone."""


class ClipFaultError(Exception):
    """A clip could not be sent or its results not be read; the next one may well go through."""


class SessionLog:
    """Every line of a session, with the clip and the attempt it belongs to.

    Args:
        clock: seconds, from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._began = clock()
        self.entries: list[LogEntry] = []
        self.clip = 0
        self.attempt = 0

    def add(self, kind: str, text: str) -> None:
        """Keeps a line."""
        ms = round((self.clock() - self._began) * 1000, 3)
        self.entries.append(LogEntry(ms, self.clip, self.attempt, kind, text))


class DeviceSession:
    """One device, from its banner to the last clip.

    Args:
        link: the serial line.
        log: gets every line; its clock is the session's.
        timeout_s: longest time the device may say nothing of use.
    """

    def __init__(self, link: LineLink, log: SessionLog, timeout_s: float = 10.0) -> None:
        self._link = link
        self._clock = log.clock
        self._timeout_s = timeout_s
        self.log = log
        self.ready: Ready | None = None
        """The device's banner, once it has introduced itself."""

    def introduce(self) -> Ready:
        """Asks who the device is. Raises DeviceError where no banner comes."""
        deadline = self._clock() + self._timeout_s
        heard = ""
        while self._clock() < deadline:
            self._send(["", INFO])  # the empty line ends whatever was begun before us
            ask_again = min(self._clock() + ASK_AGAIN_S, deadline)
            while (line := self._read(ask_again)) is not None:
                if isinstance(line, Ready):
                    self.ready = line
                    return line
                heard = line.to_line()
        said = f"; the last thing it said is {heard[:80]!r}" if heard else ""
        raise DeviceError(
            f"the device gave no banner in {self._timeout_s:.0f} s{said}",
            hint="does it run firmware that tinykws made? Try: tinykws flash",
        )

    def begin_test(self) -> None:
        """Makes the device ready for clips, whatever it was doing. Raises DeviceError where it will not."""
        deadline = self._clock() + self._timeout_s
        self._send(["", TEST])
        while (line := self._read(deadline)) is not None:
            if isinstance(line, Ok) and line.command == "TEST":
                return
            if isinstance(line, DeviceTrouble):
                raise DeviceError(f"the device reports: {line.what} {line.words}")
        raise DeviceError(f"the device did not answer {TEST} in {self._timeout_s:.0f} s")

    def send_clip(
        self, audio: ClipAudio, tail_samples: int, *, features: bool = False, on_result: OnResult | None = None
    ) -> None:
        """Sends audio and waits for the results, which are then in the log. Call introduce() first.

        Args:
            audio: of any length.
            tail_samples: silence that the device adds after it.
            features: whether the device is to tell the features of every frame.
            on_result: gets each result as it comes; they are right once this returns.

        Raises:
            ClipFaultError: time-out, or a line that is wrong or lost.
            DeviceError: the device is gone.
        """
        assert self.ready is not None
        self._send([announcement(audio.size, audio.crc, tail_samples, features=features)])
        seconds = audio.size / BYTES_PER_SECOND
        flow = _AudioFlow(audio, self.ready)
        results = _ClipResults(audio.size)
        give_up = self._clock() + self._timeout_s + SLOWEST * seconds
        while not results.complete:
            self._send_audio(flow)
            line = self._read_of_use(give_up)
            if isinstance(line, Ack):
                flow.acknowledge(line.bytes)
            else:
                results.take(line)
                if on_result is not None:
                    on_result(line)

    def leave(self, *, end_device: bool) -> None:
        """Lets the device listen to its microphone again, or ends it where it is an emulated one."""
        self._send([EXIT if end_device else RESET])
        self._read(self._clock() + 1.0)

    def _send(self, lines: list[str]) -> None:
        for line in lines:
            if line:
                self.log.add(SENT, line)
        self._link.send_lines(lines)

    def _send_audio(self, flow: _AudioFlow) -> None:
        lines = flow.due()
        if lines:
            self.log.add(SENT, f"({len(lines)} lines, {sum(map(len, lines))} characters of audio)")
            self._link.send_lines(lines)

    def _read(self, deadline: float) -> Line | None:
        """Returns the next line, or None where none came before the deadline."""
        left = deadline - self._clock()
        text = self._link.read_line(left) if left > 0 else None
        if text is None:
            return None
        self.log.add(RECEIVED, text)
        return parse_line(text)

    def _read_of_use(self, give_up: float) -> Line:
        """Returns the next line that is ours; others' prints are passed over."""
        deadline = min(self._clock() + self._timeout_s, give_up)
        while (line := self._read(deadline)) is not None:
            if not isinstance(line, Other):
                return line
            if line.text.startswith(OUR_BEGINNINGS):
                raise ClipFaultError(f"a line came over damaged: {line.text[:60]!r}")
        raise ClipFaultError("time-out: the device said nothing of use")


class _AudioFlow:
    """A clip's lines, as many under way at a time as the device allows."""

    def __init__(self, audio: ClipAudio, ready: Ready) -> None:
        self._audio = audio
        self._line_bytes = ready.line_bytes
        self._window_lines = ready.window_lines
        self._sent = 0
        self._acknowledged = 0

    def due(self) -> list[str]:
        """Returns the lines that may be sent now."""
        lines: list[str] = []
        while self._sent < min(self._acknowledged + self._window_lines, self._lines_in_all):
            piece = self._audio.piece(self._sent * self._line_bytes, self._line_bytes)
            lines += audio_lines(piece, self._line_bytes)
            self._sent += 1
        return lines

    @property
    def _lines_in_all(self) -> int:
        return -(-self._audio.size // self._line_bytes)

    def acknowledge(self, count: int) -> None:
        """Takes the count of bytes that have arrived."""
        expected = min((self._acknowledged + 1) * self._line_bytes, self._audio.size)
        if self._acknowledged >= self._sent or count != expected:
            raise ClipFaultError(f"the device acknowledged {count} bytes, not {expected}: audio was lost")
        self._acknowledged += 1


class _ClipResults:
    """What has come of a clip's results."""

    def __init__(self, size: int) -> None:
        self._ok = Ok("DATA", f"{AUDIO_TYPE} {size}")
        self._inferences = 0
        self._figures: ClipFigures | None = None
        self.complete = False

    def take(self, line: Line) -> None:
        """Takes a line that is no acknowledgement."""
        if isinstance(line, Scores):
            self._inferences += 1
        elif isinstance(line, ClipFigures):
            self._figures = line
        elif isinstance(line, Fail):
            raise ClipFaultError(f"the device refused: {line.code} {line.words}")
        elif isinstance(line, (Ready, DeviceTrouble)):
            raise ClipFaultError(f"the device started anew or is in trouble: {line.to_line()[:80]!r}")
        elif isinstance(line, Ok):
            self._finish(line)

    def _finish(self, line: Ok) -> None:
        if line != self._ok:
            raise ClipFaultError(f"the device answered {line.to_line()!r}, not {self._ok.to_line()!r}")
        if self._figures is None or self._figures.inferences != self._inferences:
            raise ClipFaultError("lines of the results were lost")
        self.complete = True
