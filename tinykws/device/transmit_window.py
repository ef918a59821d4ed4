# SPDX-License-Identifier: Apache-2.0
"""Flow control of a clip's audio: which lines may be sent now, and how long they should be."""

from __future__ import annotations

from collections import deque

from tinykws.device.clip_audio import ClipAudio
from tinykws.device.protocol import audio_line

SHORTEST_LINE_BYTES = 48
"""Audio that is damaged repeatedly is sent in shorter lines, down to this size."""


class TransmitWindow:
    """Sends lines of audio ahead of the device's answers, as many as it allows.

    Args:
        audio: the clip.
        line_bytes: maximum bytes of audio in one line.
        window_lines: maximum number of unanswered lines.
    """

    def __init__(self, audio: ClipAudio, line_bytes: int, window_lines: int) -> None:
        self._audio = audio
        self._longest = line_bytes
        self._line_bytes = line_bytes
        self._window_lines = window_lines
        self._sent = 0
        self._in_flight: deque[int] = deque()
        """End offset of each unanswered line."""
        self.acknowledged = 0
        """Bytes that the device has received."""

    def lines_to_send(self, results: int) -> list[str]:
        """Returns the lines that may be sent now; `results` is the number of the newest result that the host has."""
        lines = []
        while self._sent < self._audio.size and len(self._in_flight) < self._window_lines:
            piece = self._audio.piece(self._sent, self._line_bytes)
            lines.append(audio_line(self._sent, piece, results))
            self._sent += len(piece)
            self._in_flight.append(self._sent)
        return lines

    def acknowledge(self, count: int) -> bool:
        """Notes how many bytes the device has received; returns whether that is more than before."""
        if not self.acknowledged < count <= self._sent:
            return False
        self.acknowledged = count
        self._line_bytes = min(2 * self._line_bytes, self._longest)
        while self._in_flight and self._in_flight[0] <= count:
            self._in_flight.popleft()
        return True

    def resume_from(self, count: int) -> bool:
        """Restarts sending after the bytes that the device has; returns whether those are more than before."""
        is_news = self.acknowledge(count)
        if self._in_flight and not is_news:
            self._line_bytes = min(self._line_bytes, max(SHORTEST_LINE_BYTES, self._line_bytes // 4 * 2))
        self._in_flight.clear()
        self._sent = self.acknowledged
        return is_news
