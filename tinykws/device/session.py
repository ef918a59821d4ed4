# SPDX-License-Identifier: Apache-2.0
"""A session with a device: requests its banner, sends clips, and logs every line.

A session implements the protocol with its time limits over any transport (line_transport.py). It does not judge a
clip's results: tinykws.verification does, from the log.
"""

from __future__ import annotations

import itertools

from tinykws.device.banner_checks import EngineRefusedError, engine_refusal
from tinykws.device.clip_audio import ClipAudio
from tinykws.device.clip_transfer import ClipFaultError, ClipTransfer, OnResult
from tinykws.device.line_checksum import with_check
from tinykws.device.protocol import EXIT, INFO, RESET, TEST, DeviceTrouble, Fail, Line, Ok, Ready, Received, read_line
from tinykws.device.session_log import SessionLog
from tinykws.device.transport.line_transport import LineTransport
from tinykws.support.errors import DeviceError

BYTES_PER_SECOND = 32_000
MAX_SLOWDOWN = 60
"""A clip may take this many times its own length before it times out."""
REPEAT_INTERVAL_S = 1.0
"""A board that is still starting misses the first command, so it is repeated."""


def _nothing(_: Line) -> None:
    """Ignores a result; the log holds it anyway."""


class DeviceSession:
    """One device, from its banner to the last clip.

    Args:
        transport: carries lines to and from the device.
        log: gets every line; the session uses its clock.
        timeout_s: longest time without progress.
    """

    def __init__(self, transport: LineTransport, log: SessionLog, timeout_s: float = 10.0) -> None:
        self.transport = transport
        """The current transport; replaced after a reconnection."""
        self._clock = log.clock
        self._timeout_s = timeout_s
        self._tokens = itertools.count(1)
        self.log = log
        self.ready: Ready | None = None
        """The device's banner, once it has arrived."""

    def request_banner(self) -> Ready:
        """Requests the banner with `!INFO`. Raises DeviceError if none arrives.

        Firmware older than protocol 2 sends no checks; its banner is accepted once it arrived twice, equal.
        """
        deadline = self._clock() + self._timeout_s
        requests = ["", with_check(INFO)]  # the empty line ends a partly received one
        unchecked: set[str] = set()
        heard = ""
        while self._clock() < deadline:
            self._send(requests)
            repeat_at = min(self._clock() + REPEAT_INTERVAL_S, deadline)
            while (received := self._read(repeat_at)) is not None:
                heard = received.text
                if isinstance(received.line, Ready) and (received.intact or heard in unchecked):
                    self.ready = received.line
                    return received.line
                if isinstance(received.line, Ready):
                    unchecked.add(heard)
                elif isinstance(received.line, Fail) and received.intact is None:
                    requests = ["", with_check(INFO), INFO]
        said = f"; the last line was {heard[:80]!r}" if heard else ""
        raise DeviceError(
            f"the device sent no banner within {self._timeout_s:.0f} s{said}",
            hint="does it run firmware that tinykws made? Put it on: tinykws flash",
        )

    def enter_test_mode(self) -> None:
        """Sends `!TEST`: the device stops listening and waits for clips.

        Raises:
            EngineRefusedError: the device says that its engine did not start.
            DeviceError: it does not confirm, or reports another error.
        """
        deadline = self._clock() + self._timeout_s
        while self._clock() < deadline:
            self._send(["", with_check(TEST)])
            repeat_at = min(self._clock() + REPEAT_INTERVAL_S, deadline)
            while (received := self._read(repeat_at)) is not None:
                if not received.intact:
                    continue
                if isinstance(received.line, Ok) and received.line.command == "TEST":
                    return
                if isinstance(received.line, DeviceTrouble) and received.line.what == "engine":
                    raise EngineRefusedError(engine_refusal(received.line))
                if isinstance(received.line, DeviceTrouble) and received.line.what != "model":  # the built-in one runs
                    raise DeviceError(f"the device reports: {received.line.what} {received.line.words}")
        raise DeviceError(f"the device did not answer {TEST} within {self._timeout_s:.0f} s")

    def send_clip(
        self, audio: ClipAudio, tail_samples: int, *, features: bool = False, on_result: OnResult = _nothing
    ) -> None:
        """Sends a clip and waits until its results are in the log. Call request_banner() first.

        Args:
            audio: of any length.
            tail_samples: samples of silence that the device adds.
            features: whether the device should send the features of every frame.
            on_result: called with each result, once and in order.

        Raises:
            ClipFaultError: the transfer timed out, or the device refused the clip or restarted.
            DeviceError: the device is gone.
        """
        assert self.ready is not None
        transfer = ClipTransfer(
            audio,
            tail_samples,
            self.ready,
            features=features,
            on_result=on_result,
            next_token=self._tokens.__next__,
            now=self._clock,
        )
        give_up_at = self._clock() + self._timeout_s + MAX_SLOWDOWN * audio.size / BYTES_PER_SECOND
        while not transfer.complete:
            commands, audio_lines = transfer.to_send()
            self._send(commands)
            self._send_audio(audio_lines)
            deadline = min(transfer.progress_at + self._timeout_s, give_up_at)
            if self._clock() >= deadline:
                raise ClipFaultError(_timeout_message(transfer))
            next_action_at = transfer.next_action_at
            received = self._read(min(next_action_at, deadline))
            if received is not None:
                transfer.take(received)
            elif self._clock() >= next_action_at:
                transfer.on_timeout()

    def leave(self, *, end_device: bool) -> None:
        """Lets the device listen to its microphone again or, with `end_device`, exit (an emulated one)."""
        command = EXIT if end_device else RESET
        done = Ok(command.removeprefix("!"))
        deadline = self._clock() + 1.0
        self._send(["", with_check(command)])
        while (received := self._read(deadline)) is not None:
            if received.line == done:
                return

    def _send(self, lines: list[str]) -> None:
        for line in lines:
            if line:
                self.log.add_command(line)
        if lines:
            self.transport.send_lines(lines)

    def _send_audio(self, lines: list[str]) -> None:
        if lines:
            self.log.add_audio(lines)
            self.transport.send_lines(lines)

    def _read(self, deadline: float) -> Received | None:
        """Returns the next non-empty line, or None if none arrived before the deadline."""
        while (left := deadline - self._clock()) > 0:
            text = self.transport.read_line(left)
            if text is None:
                return None
            if text:
                received = read_line(text)
                self.log.add_received(received)
                return received
        return None


def _timeout_message(transfer: ClipTransfer) -> str:
    damaged = f"; {transfer.damaged_lines} lines had no valid check" if transfer.damaged_lines else ""
    return f"timed out: the transfer made no progress{damaged}"
