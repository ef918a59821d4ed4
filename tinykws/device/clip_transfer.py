# SPDX-License-Identifier: Apache-2.0
"""One clip on its way to a device, and its results on their way back, over a line that may damage or lose any of it.

Whatever is noticed to be wrong is mended in one way: `!SYNC`, to which the device answers what it has
(docs/serial_protocol.md). Nothing here is believed that has no right check.
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
"""After so long without a line the device is asked what it has; each time that helps nothing, the wait doubles."""
SYNC_PACE_S = 0.01
"""Least time between two `!SYNC` that are not answered: a babbling line is not answered with more babble."""
NO_CLIP_CODES = ("check", "command", "line", "state")
"""Codes of an `!FAIL` without a number that mean that the device is in no clip: before one has begun, its announcement
came over damaged; afterwards, the device was reset."""


OnResult = Callable[[Line], None]


class ClipFaultError(Exception):
    """A clip could not be sent or its results not be read; the next one may well go through."""


class ClipTransfer:
    """The state of one attempt. The session moves the lines; what they mean, and what to say next, is decided here.

    Args:
        audio: the clip.
        tail_samples: silence to add after them.
        ready: the device's banner.
        features: whether to ask for the features of every frame.
        on_result: is told of each result, once and in order.
        next_token: gives a number that no other `!SYNC` of the session has.
        now: seconds, from any beginning.
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
        """Of the `!SYNC`s since the last audio. None of them is answered yet, and any answer will do: nothing that it
        tells has changed since."""
        self._wants_sync = True
        self._synced_at = -SYNC_PACE_S
        self._silence_s = FIRST_SILENCE_S
        self.progress_at = now()
        """When something last got on."""
        self.damaged_lines = 0
        """Lines without a right check, so far."""

    @property
    def complete(self) -> bool:
        """Whether all results are here."""
        return self._results.end is not None

    @property
    def next_action_at(self) -> float:
        """When something is to be done though no line comes."""
        return self._synced_at + SYNC_PACE_S if self._wants_sync else self._idle_since + self._silence_s

    @property
    def _idle_since(self) -> float:
        return max(self.progress_at, self._synced_at)

    def to_send(self) -> tuple[list[str], list[str]]:
        """Returns what to send now: commands, then lines of audio."""
        if self._wants_sync and self._now() >= self._synced_at + SYNC_PACE_S:
            return self._sync(), []
        if self._first_token is None and not self._wants_sync:
            return [], self._flow.lines_to_send(self._results.count)
        return [], []

    def on_timeout(self) -> None:
        """No line has come until `next_action_at`."""
        if not self._wants_sync:
            self._silence_s = min(2 * self._silence_s, LONGEST_SILENCE_S)
            self._wants_sync = True

    def take(self, received: Received) -> None:
        """Takes a line of the device. Raises ClipFaultError where the clip is lost."""
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
            raise ClipFaultError(f"the device knows of no clip any more, as after a reset: {line.code} {line.words}")
        elif isinstance(line, Fail):
            raise ClipFaultError(f"the device refused: {line.code} {line.words}")
        elif isinstance(line, (Ready, DeviceTrouble)):
            raise ClipFaultError(f"the device started anew or is in trouble: {line.to_line()[:80]!r}")

    def _take_before_begin(self, line: Line) -> None:
        """What comes now may still be about an earlier clip."""
        if isinstance(line, Fail):
            if line.code not in NO_CLIP_CODES:
                raise ClipFaultError(f"the device refused: {line.code} {line.words}")
            self._wants_sync = True
        elif isinstance(line, Nak):
            self._wants_sync = True

    def _take_synced(self, synced: Synced) -> None:
        if self._first_token is None or synced.token < self._first_token:
            return  # long overtaken
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
        """Returns an empty line, which ends whatever came over by halves, the announcement, if needed, and `!SYNC`."""
        token = self._next_token()
        if self._first_token is None:
            self._first_token = token
        self._wants_sync = False
        self._synced_at = self._now()
        announcement = [] if self._begun else self._announcement
        return ["", *announcement, with_check(sync_command(token, self._results.count))]
