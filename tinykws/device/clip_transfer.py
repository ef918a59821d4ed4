# SPDX-License-Identifier: Apache-2.0
"""Sends one clip to a device and receives its results, over a transport that may damage or lose any line.

Every fault is repaired in the same way: the host sends `!SYNC`, and the device answers how much audio and how many
results it has (docs/reference/serial_protocol.md). A line without a valid check is never used.
"""

from __future__ import annotations

from collections.abc import Callable

from tinykws.device.clip_audio import ClipAudio
from tinykws.device.clip_results import ClipResults
from tinykws.device.line_checksum import with_check
from tinykws.device.protocol import (
    AUDIO_TYPE,
    TEST,
    Ack,
    DeviceTrouble,
    Fail,
    Line,
    Nak,
    Ok,
    Ready,
    Received,
    Synced,
    announcement,
    sync_command,
)
from tinykws.device.transmit_window import TransmitWindow

FIRST_SILENCE_S, LONGEST_SILENCE_S = 0.5, 4.0
"""After this long without a line, `!SYNC` is sent; each time without effect, the wait doubles up to the longest."""
SYNC_PACE_S = 0.01
"""Shortest time between two unanswered `!SYNC`: a noisy transport must not be flooded."""
NO_CLIP_CODES = ("check", "command", "line", "state")
"""Codes of an unnumbered `!FAIL` from a device that is not receiving a clip: before a clip has begun, its announcement
arrived damaged; afterwards, the device was reset."""


OnResult = Callable[[Line], None]


class ClipFaultError(Exception):
    """A clip could not be sent, or its results could not be read; the next attempt may succeed."""


class ClipTransfer:
    """The state of one attempt. The session moves the lines; this class interprets them and decides what to send next.

    Args:
        audio: the clip.
        tail_samples: samples of silence to add after the clip.
        ready: the device's banner.
        features: whether to ask for the features of every frame.
        on_result: called with each result, once and in order.
        next_token: returns a number that no other `!SYNC` of the session has.
        now: a clock in seconds.
    """

    def __init__(
        self,
        audio: ClipAudio,
        tail_samples: int,
        ready: Ready,
        *,
        features: bool,
        on_result: OnResult,
        next_token: Callable[[], int],
        now: Callable[[], float],
    ) -> None:
        self._announcement = [
            with_check(TEST),
            with_check(announcement(audio.size, audio.crc, tail_samples, features=features)),
        ]
        self._ok = Ok("DATA", f"{AUDIO_TYPE} {audio.size}")
        self._flow = TransmitWindow(audio, ready.line_bytes, ready.window_lines)
        self._results = ClipResults()
        self._next_token = next_token
        self._now = now
        self._on_result = on_result
        self._begun = False
        self._first_token: int | None = None
        """The token of the first `!SYNC` since the last audio. While none is answered, any answer is good:
        the state that it reports has not changed since."""
        self._wants_sync = True
        self._synced_at = -SYNC_PACE_S
        self._silence_s = FIRST_SILENCE_S
        self.progress_at = now()
        """When the transfer last made progress."""
        self.damaged_lines = 0
        """Lines without a valid check, so far."""

    @property
    def complete(self) -> bool:
        """Whether all results have arrived."""
        return self._results.end is not None

    @property
    def next_action_at(self) -> float:
        """When to act even if no line arrives."""
        return self._synced_at + SYNC_PACE_S if self._wants_sync else self._idle_since + self._silence_s

    @property
    def _idle_since(self) -> float:
        return max(self.progress_at, self._synced_at)

    def to_send(self) -> tuple[list[str], list[str]]:
        """Returns what to send now: commands and lines of audio."""
        if self._wants_sync and self._now() >= self._synced_at + SYNC_PACE_S:
            return self._sync(), []
        if self._first_token is None and not self._wants_sync:
            return [], self._flow.lines_to_send(self._results.count)
        return [], []

    def on_timeout(self) -> None:
        """Reacts to a silent device: no line arrived until `next_action_at`."""
        if not self._wants_sync:
            self._silence_s = min(2 * self._silence_s, LONGEST_SILENCE_S)
            self._wants_sync = True

    def take(self, received: Received) -> None:
        """Handles a line from the device. Raises ClipFaultError if the attempt has failed."""
        if not received.intact:
            self.damaged_lines += 1
            self._wants_sync = True
        elif received.number is not None:
            self._take_result(received)
        else:
            self._take_answer(received.line)

    def _take_result(self, received: Received) -> None:
        if not self._begun:
            return
        if self._results.take(received):
            self._note_progress()
            self._on_result(received.line)
            self._check_end(self._results.end)
        elif not self._results.has(received):
            self._wants_sync = True  # one before it was lost

    def _check_end(self, end: Ok | Fail | None) -> None:
        if isinstance(end, Fail):
            raise ClipFaultError(f"the device refused: {end.code} {end.words}")
        if end is not None and end != self._ok:
            raise ClipFaultError(f"the device answered {end.to_line()!r}, not {self._ok.to_line()!r}")

    def _take_answer(self, line: Line) -> None:
        if isinstance(line, Synced):
            self._take_synced(line)
        elif not self._begun:
            self._take_before_begin(line)
        elif isinstance(line, Ack):
            if self._flow.acknowledge(line.bytes):
                self._note_progress()
        elif isinstance(line, Nak):
            self._wants_sync = True
        elif isinstance(line, Fail) and line.code in NO_CLIP_CODES:
            raise ClipFaultError(
                f"the device is no longer receiving a clip, as after a reset: {line.code} {line.words}"
            )
        elif isinstance(line, Fail):
            raise ClipFaultError(f"the device refused: {line.code} {line.words}")
        elif isinstance(line, (Ready, DeviceTrouble)):
            raise ClipFaultError(f"the device restarted or reports an error: {line.to_line()[:80]!r}")

    def _take_before_begin(self, line: Line) -> None:
        """Handles a line that may still belong to an earlier clip."""
        if isinstance(line, Fail):
            if line.code not in NO_CLIP_CODES:
                raise ClipFaultError(f"the device refused: {line.code} {line.words}")
            self._wants_sync = True
        elif isinstance(line, Nak):
            self._wants_sync = True

    def _take_synced(self, synced: Synced) -> None:
        if self._first_token is None or synced.token < self._first_token:
            return  # answers an outdated !SYNC
        self._first_token = None
        self._wants_sync = False
        if not self._begun and (synced.bytes or synced.results):
            self._wants_sync = True  # an earlier clip's: the announcement was lost
            return
        if not self._begun:
            self._begun = True
            self._note_progress()
        if self._flow.resume_from(synced.bytes):
            self._note_progress()
        if self._results.count < synced.results:
            self._wants_sync = True

    def _note_progress(self) -> None:
        self.progress_at = self._now()
        self._silence_s = FIRST_SILENCE_S

    def _sync(self) -> list[str]:
        """Returns an empty line, which ends a partly received line, then the announcement, if needed, and `!SYNC`."""
        token = self._next_token()
        if self._first_token is None:
            self._first_token = token
        self._wants_sync = False
        self._synced_at = self._now()
        announcement = [] if self._begun else self._announcement
        return ["", *announcement, with_check(sync_command(token, self._results.count))]
