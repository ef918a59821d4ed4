# SPDX-License-Identifier: Apache-2.0
"""A device in Python whose methods tests override to make it misbehave.

It is written from the protocol's documentation, without the package's code. Tests call it directly (it has the two
methods of a transport) or through a port (device_port.py). It understands clips with checks only.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Sequence

BANNER = "kws ready proto=2 board=host engine=fake model={model} line=768 window=4 labels={labels}"

Results = Callable[[bytes, int], Sequence[str]]
"""Takes a clip's bytes and the silence after it; returns the result lines, up to and including `kws clip …`."""


def checked(text: str) -> str:
    """A line with its check, as documented."""
    return f"{text} *{zlib.crc32(text.encode()):08x}"


class FakeDevice:
    """Override a method to break it."""

    def __init__(
        self,
        results: Results,
        *,
        model: str = "0123456789ab",
        labels: str = "_silence_,_unknown_,yes",
        identity: str = "",
    ) -> None:
        self.results = results
        self.banner = BANNER.format(model=model, labels=labels) + (f" id={identity}" if identity else "")
        self.out: list[str] = []
        self.time = 0.0
        """Seconds that its own transport has waited: a clock for tests that do not wait."""
        self.clips = 0
        self.most_lines_under_way = 0
        self.wants_features = False
        self._lines_under_way = 0
        self._size = self._tail = 0
        self._audio = b""
        self._outbox: list[str] = []
        self._confirmed = 0

    def hear(self, line: str) -> None:
        """A line from the host."""
        body, star, check = line.rpartition(" *")
        if not star or f"{zlib.crc32(body.encode()):08x}" != check:
            self._hear_nonsense(line)
        elif body == "!INFO":
            self.answer(self.banner)
        elif body == "!TEST":
            self._size = 0
            self.answer("!OK TEST 768")
        elif body.startswith("!DATA "):
            self._begin(body)
        elif body.startswith("!SYNC "):
            self._sync(*map(int, body.split(" ")[1:]))
        elif body in ("!RESET", "!EXIT"):
            self.answer(f"!OK {body[1:]}")
        elif body.startswith("@") and self._size:
            self._take(body)

    def say(self, line: str) -> None:
        """A line to the host, as it goes out."""
        self.out.append(line)

    def answer(self, text: str) -> None:
        """A line that is sent once, without a number."""
        self.say(checked(text))

    def give(self, text: str) -> None:
        """A result: numbered, and kept until the host has it."""
        numbered = checked(f"{text} #{self._confirmed + len(self._outbox) + 1}")
        self._outbox.append(numbered)
        self.say(numbered)

    def acknowledge(self, count: int) -> None:
        self.answer(f"!DATA_ACK {count}")

    def finish(self) -> None:
        """Called when all the audio has arrived."""
        for line in self.results(self._audio, self._tail):
            self.give(line)
        self.give(f"!OK DATA audio-pcm-16khz-mono-s16 {self._size}")

    def _hear_nonsense(self, line: str) -> None:
        if line and self._size:
            self.answer(f"!DATA_NAK {len(self._audio)}")

    def _begin(self, line: str) -> None:
        _, _, size, *fields = line.split(" ")
        options = dict(field.split("=") for field in fields)
        self._size, self._tail = int(size), int(options["tail"])
        self.wants_features = options.get("features") == "1"
        self._audio = b""
        self._outbox = []
        self._confirmed = 0
        self.clips += 1

    def _sync(self, token: int, results: int) -> None:
        if not self._size:
            self.answer("!FAIL state has no clip with checks")
            return
        self._confirm(results)
        for line in self._outbox:
            self.say(line)
        results = self._confirmed + len(self._outbox)
        self.answer(f"!OK SYNC {token} bytes={len(self._audio)} results={results}")

    def _confirm(self, results: int) -> None:
        gone = min(max(0, results - self._confirmed), len(self._outbox))
        self._outbox = self._outbox[gone:]
        self._confirmed += gone

    def _take(self, body: str) -> None:
        offset, results, text = body[1:].split(" ")
        self._confirm(int(results))
        if int(offset) > len(self._audio):
            self.answer(f"!DATA_NAK {len(self._audio)}")
            return
        is_news = int(offset) == len(self._audio)
        if is_news:
            self._audio += base64.b64decode(text, validate=True)
        self.acknowledge(len(self._audio))
        if is_news and len(self._audio) == self._size:
            self.finish()

    # The two methods of a transport.

    def send_lines(self, texts: list[str]) -> None:
        audio = [text for text in texts if text.startswith("@")]
        self._lines_under_way = len(audio) + sum("ACK" in line for line in self.out)
        self.most_lines_under_way = max(self.most_lines_under_way, self._lines_under_way)
        for text in texts:
            self.hear(text)

    def read_line(self, timeout_s: float) -> str | None:
        if self.out:
            self.time += 0.0001
            return self.out.pop(0)
        self.time += timeout_s
        return None
