"""A device in Python, for what a good device never does: each test breaks it in its own way.

It follows docs/serial_protocol.md on its own, from the text; it can be talked to directly (it has the two methods of a
link) or served over TCP.
"""

from __future__ import annotations

import base64
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tinykws.errors import DeviceError

BANNER = "kws ready proto=1 board=host engine=fake model={model} line=768 window=4 labels={labels}"

Results = Callable[[bytes, int], Sequence[str]]
"""What the device makes of a clip's bytes and the tail: lines up to and with `kws clip …`."""


class FakeDevice:
    """Override a method to break it."""

    def __init__(
        self, results: Results, *, model: str = "0123456789ab", labels: str = "_silence_,_unknown_,yes"
    ) -> None:
        self.results = results
        self.banner = BANNER.format(model=model, labels=labels)
        self.out: list[str] = []
        self.clips = 0
        self.lines_under_way = 0
        self.most_lines_under_way = 0
        self.wants_features = False
        self._size = self._crc = self._tail = 0
        self._audio = b""

    def hear(self, line: str) -> None:
        """A line from the host."""
        if line == "!INFO":
            self.say(self.banner)
        elif line == "!TEST":
            self._size = 0
            self.say("!OK TEST 768")
        elif line.startswith("!DATA "):
            self._begin(line)
        elif line in ("!RESET", "!EXIT"):
            self.say(f"!OK {line[1:]}")
        elif line and self._size:
            self._take(line)

    def say(self, line: str) -> None:
        """A line to the host."""
        self.out.append(line)

    def acknowledge(self, count: int) -> None:
        self.say(f"!DATA_ACK {count}")

    def finish(self) -> None:
        """All the audio is there."""
        good = zlib.crc32(self._audio) == self._crc
        for line in self.results(self._audio, self._tail):
            self.say(line)
        self.say(f"!OK DATA audio-pcm-16khz-mono-s16 {self._size}" if good else "!FAIL crc is wrong")

    def _begin(self, line: str) -> None:
        _, _, size, *fields = line.split(" ")
        options = dict(field.split("=") for field in fields)
        self._size, self._crc, self._tail = int(size), int(options["crc"], 16), int(options["tail"])
        self.wants_features = options.get("features") == "1"
        self._audio = b""
        self.clips += 1

    def _take(self, line: str) -> None:
        self._audio += base64.b64decode(line, validate=True)
        self.acknowledge(len(self._audio))
        if len(self._audio) == self._size:
            self.finish()
            self._size = 0

    # The two methods of a link.

    def send_lines(self, texts: list[str]) -> None:
        audio = [text for text in texts if text and not text.startswith("!")]
        self.lines_under_way = len(audio) + sum("ACK" in line for line in self.out)
        self.most_lines_under_way = max(self.most_lines_under_way, self.lines_under_way)
        for text in texts:
            self.hear(text)

    def read_line(self, timeout_s: float) -> str | None:
        if self.out:
            return self.out.pop(0)
        time.sleep(timeout_s)
        return None


@contextmanager
def served(device: FakeDevice) -> Iterator[str]:
    """Serves the device over TCP; yields the URL. A DeviceError in it closes the connection, as a crash would."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, device), daemon=True)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def _serve(server: socket.socket, device: FakeDevice) -> None:
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as lines:
        try:
            for line in lines:
                device.hear(line.decode("ascii").rstrip())
                said, device.out = device.out, []
                connection.sendall("".join(f"{text}\n" for text in said).encode("latin-1"))
        except (DeviceError, OSError):
            return
