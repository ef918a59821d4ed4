# SPDX-License-Identifier: Apache-2.0
"""A clip's audio on its way to a device: what may be sent now, and in pieces of which size."""

from __future__ import annotations

from collections import deque

from tinykws.device.clip_audio import ClipAudio
from tinykws.device.protocol import audio_line

SHORTEST_LINE_BYTES = 48
"""A line of audio that is damaged again and again is sent in ever shorter ones, down to these."""


class TransmitWindow:
    """Lines of audio, as many under way at a time as the device allows.

    Args:
        audio: the clip.
        line_bytes: most bytes of audio in one line.
        window_lines: lines that may be under way without an answer.
    """

    def __init__(self, audio: ClipAudio, line_bytes: int, window_lines: int) -> None:
        self._audio = audio
        self._longest = line_bytes
        self._line_bytes = line_bytes
        self._window_lines = window_lines
        self._sent = 0
        self._in_flight: deque[int] = deque()
        """Where each line that is under way ends."""
        self.acknowledged = 0
        """Bytes that the device has."""

    def lines_to_send(self, results: int) -> list[str]:
        """Returns the lines that may be sent now; `results` is the number of the newest result that is here."""
        lines = []
        while self._sent < self._audio.size and len(self._in_flight) < self._window_lines:
            piece = self._audio.piece(self._sent, self._line_bytes)
            lines.append(audio_line(self._sent, piece, results))
            self._sent += len(piece)
            self._in_flight.append(self._sent)
        return lines

    def acknowledge(self, count: int) -> bool:
        """Takes the count of bytes that have arrived; returns whether it is news."""
        if not self.acknowledged < count <= self._sent:
            return False
        self.acknowledged = count
        self._line_bytes = min(2 * self._line_bytes, self._longest)
        while self._in_flight and self._in_flight[0] <= count:
            self._in_flight.popleft()
        return True

    def resume_from(self, count: int) -> bool:
        """Sends again what the device has not got; returns whether it has got more than was known."""
        is_news = self.acknowledge(count)
        if self._in_flight and not is_news:
            self._line_bytes = min(self._line_bytes, max(SHORTEST_LINE_BYTES, self._line_bytes // 4 * 2))
        self._in_flight.clear()
        self._sent = self.acknowledged
        return is_news
