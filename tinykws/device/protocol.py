"""The serial protocol, version 1: what a host says, and what each line of a device means (docs/serial_protocol.md).

Pure text: nothing is opened here. A line that a device prints is one of the frozen classes of `Line`; each writes
itself with `to_line()`, and `parse_line()` reads it back. Lines that mean nothing to us are `Other`: a boot loader's
banner, somebody's debug print.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

PROTOCOL_VERSION = 1
AUDIO_TYPE = "audio-pcm-16khz-mono-s16"
MAX_LINE_CHARACTERS = 1024
"""KWS_LINE_CHARACTERS of kws_line.h."""
MAX_CLIP_BYTES = 2**32 - 2
"""Of !DATA's size: 37 hours."""
MAX_TAIL_SAMPLES = 80_000
"""KWS_MAX_TAIL_SAMPLES of kws_protocol.h."""

INFO, TEST, RESET, EXIT, STATUS = "!INFO", "!TEST", "!RESET", "!EXIT", "!STATUS"
HEARD = re.compile(r"Heard (.+) \((\d{1,10})\) @(\d{1,10})ms", re.ASCII)
"""The line that every micro_speech script looks for."""


@dataclasses.dataclass(frozen=True)
class Ready:
    """The banner: who speaks, what it runs, and how much it can take at a time."""

    protocol: int
    board: str
    engine: str
    model: str
    """The first twelve hex digits of the model's SHA-256."""
    line_bytes: int
    """Most bytes of audio in one line."""
    window_lines: int
    """Lines of audio that may be under way without an answer."""
    labels: tuple[str, ...]
    self_test: str = "none"
    """ok; features, scores or engine: what is wrong (tinykws.device.self_test); none: the device does not tell."""

    def to_line(self) -> str:
        """Returns the line."""
        return (
            f"kws ready proto={self.protocol} board={self.board} engine={self.engine} model={self.model}"
            f" selftest={self.self_test} line={self.line_bytes} window={self.window_lines}"
            f" labels={','.join(self.labels)}"
        )


@dataclasses.dataclass(frozen=True)
class Features:
    """One frame: int8 features [n_mels]."""

    time_ms: int
    """The end of its window."""
    values: bytes
    """As they lie in memory, two's complement."""

    def to_line(self) -> str:
        """Returns the line."""
        return f"kws features at={self.time_ms} {self.values.hex()}"


@dataclasses.dataclass(frozen=True)
class Scores:
    """One inference: int8 scores [n_labels]."""

    time_ms: int
    scores: tuple[int, ...]

    def to_line(self) -> str:
        """Returns the line."""
        return f"kws scores at={self.time_ms} {' '.join(map(str, self.scores))}"


@dataclasses.dataclass(frozen=True)
class Heard:
    """A word was detected."""

    label: str
    score: int
    time_ms: int

    def to_line(self) -> str:
        """Returns the line."""
        return f"Heard {self.label} ({self.score}) @{self.time_ms}ms"


@dataclasses.dataclass(frozen=True)
class ClipFigures:
    """What a clip came to; times are sums over the clip."""

    features_crc: int
    frames: int
    inferences: int
    frontend_us: int
    invoke_us: int
    arena_bytes: int

    def to_line(self) -> str:
        """Returns the line."""
        return (
            f"kws clip features_crc={self.features_crc:08x} frames={self.frames} inferences={self.inferences}"
            f" frontend_us={self.frontend_us} invoke_us={self.invoke_us} arena={self.arena_bytes}"
        )


@dataclasses.dataclass(frozen=True)
class Status:
    """A sign of life while the device listens to its microphone; counts since it began to listen."""

    time_ms: int
    loudest: int
    """The largest sample since the last status, 0 to 32768."""
    overruns: int
    frames: int
    inferences: int
    frontend_us: int
    invoke_us: int
    arena_bytes: int
    rms: int = 0
    """Root mean square of the sound since the last status, 0 to 32768; 0 from a device that does not tell."""
    clipped: int = 0
    """Samples in it that were too loud; 0 from a device that does not tell."""
    offset: int = 0
    """The constant part of the microphone's sound, which the device takes away."""
    samples: int = 0
    """Delivered by the microphone since the device started, modulo 2^32, recordings left out."""
    at_us: int = 0
    """When the last of them came, by the device's clock, modulo 2^32."""

    def to_line(self) -> str:
        """Returns the line."""
        return (
            f"kws status at={self.time_ms} loudest={self.loudest} rms={self.rms} clipped={self.clipped}"
            f" overruns={self.overruns} offset={self.offset} samples={self.samples} us={self.at_us}"
            f" frames={self.frames} inferences={self.inferences} frontend_us={self.frontend_us}"
            f" invoke_us={self.invoke_us} arena={self.arena_bytes}"
        )


@dataclasses.dataclass(frozen=True)
class DeviceTrouble:
    """Something is wrong on the device itself."""

    what: str
    words: str

    def to_line(self) -> str:
        """Returns the line."""
        return f"kws error {self.what} {self.words}"


@dataclasses.dataclass(frozen=True)
class Ok:
    """A command was obeyed: `TEST 768`, `DATA audio-pcm-16khz-mono-s16 32000`, `RESET`, `EXIT`."""

    command: str
    words: str = ""

    def to_line(self) -> str:
        """Returns the line."""
        return f"!OK {self.command} {self.words}".rstrip()


@dataclasses.dataclass(frozen=True)
class Fail:
    """A command, or the clip under way, failed."""

    code: str
    words: str = ""

    def to_line(self) -> str:
        """Returns the line."""
        return f"!FAIL {self.code} {self.words}".rstrip()


@dataclasses.dataclass(frozen=True)
class Ack:
    """A line of audio has arrived. `bytes`: of the clip so far (the old form of !DATA: of that line)."""

    bytes: int

    def to_line(self) -> str:
        """Returns the line."""
        return f"!DATA_ACK {self.bytes}"


@dataclasses.dataclass(frozen=True)
class Other:
    """A line that is none of ours, or one of ours that came over damaged."""

    text: str

    def to_line(self) -> str:
        """Returns the line."""
        return self.text


Line: TypeAlias = Ready | Features | Scores | Heard | ClipFigures | Status | DeviceTrouble | Ok | Fail | Ack | Other


def data_command(pcm: bytes, tail_samples: int, *, features: bool = False) -> str:
    """Returns the !DATA that announces a clip: int16 samples, little-endian, and silence to add after them.

    With `features`, the device is to tell the features of every frame.
    """
    return announcement(len(pcm), zlib.crc32(pcm), tail_samples, features=features)


def announcement(size: int, crc: int, tail_samples: int, *, features: bool = False) -> str:
    """Returns the !DATA that announces so many bytes of audio with this CRC-32; see data_command()."""
    wish = " features=1" if features else ""
    return f"!DATA {AUDIO_TYPE} {size} crc={crc:08x} tail={tail_samples}{wish}"


def audio_lines(pcm: bytes, line_bytes: int) -> Iterator[str]:
    """Yields a clip as base64 lines of at most `line_bytes` bytes each."""
    for at in range(0, len(pcm), line_bytes):
        yield base64.b64encode(pcm[at : at + line_bytes]).decode("ascii")


def parse_line(text: str) -> Line:
    """Returns what a line of the device means; never fails: what cannot be read is `Other`."""
    heard = HEARD.fullmatch(text)
    if heard:
        return Heard(heard[1], int(heard[2]), int(heard[3]))
    for beginning, parse in _PARSERS.items():
        if text == beginning or text.startswith(beginning + " "):
            try:
                return parse(text[len(beginning) + 1 :])
            except (ValueError, KeyError):
                return Other(text)
    return Other(text)


_NUMBER = re.compile(r"-?[0-9]{1,10}")
_CRC = re.compile(r"[0-9a-f]{8}")
_FEATURES = re.compile(r"(?:[0-9a-f]{2})+")
_CODE = re.compile(r"[A-Za-z0-9_-]+")


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _fields(text: str) -> dict[str, str]:
    """Reads `key=value` words; unknown keys are for later versions of us."""
    return dict(_split_field(word) for word in text.split(" "))


def _split_field(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not equals:
        raise ValueError(word)
    return key, value


def _parse_ready(text: str) -> Line:
    fields = _fields(text)
    return Ready(
        protocol=_number(fields["proto"]),
        board=fields["board"],
        engine=fields["engine"],
        model=fields["model"],
        line_bytes=_number(fields["line"]),
        window_lines=_number(fields["window"]),
        labels=tuple(fields["labels"].split(",")),
        self_test=fields.get("selftest", "none"),
    )


def _parse_features(text: str) -> Line:
    at, _, values = text.partition(" ")
    if not _FEATURES.fullmatch(values):
        raise ValueError(text)
    return Features(_number(_fields(at)["at"]), bytes.fromhex(values))


def _parse_scores(text: str) -> Line:
    at, *scores = text.split(" ")
    if not scores:
        raise ValueError(text)
    return Scores(_number(_fields(at)["at"]), tuple(map(_number, scores)))


def _parse_clip(text: str) -> Line:
    fields = _fields(text)
    if not _CRC.fullmatch(fields["features_crc"]):
        raise ValueError(text)
    return ClipFigures(features_crc=int(fields["features_crc"], 16), **_figures(fields))


def _parse_status(text: str) -> Line:
    fields = _fields(text)
    return Status(
        time_ms=_number(fields["at"]),
        loudest=_number(fields["loudest"]),
        overruns=_number(fields["overruns"]),
        rms=_number(fields.get("rms", "0")),
        clipped=_number(fields.get("clipped", "0")),
        offset=_number(fields.get("offset", "0")),
        samples=_number(fields.get("samples", "0")),
        at_us=_number(fields.get("us", "0")),
        **_figures(fields),
    )


def _figures(fields: Mapping[str, str]) -> dict[str, int]:
    names = {"frames": "frames", "inferences": "inferences", "frontend_us": "frontend_us", "invoke_us": "invoke_us"}
    return {ours: _number(fields[theirs]) for ours, theirs in {**names, "arena_bytes": "arena"}.items()}


def _code_and_words(text: str) -> tuple[str, str]:
    code, _, words = text.partition(" ")
    if not _CODE.fullmatch(code):
        raise ValueError(text)
    return code, words


_PARSERS: dict[str, Callable[[str], Line]] = {
    "kws ready": _parse_ready,
    "kws features": _parse_features,
    "kws scores": _parse_scores,
    "kws clip": _parse_clip,
    "kws status": _parse_status,
    "kws error": lambda text: DeviceTrouble(*_code_and_words(text)),
    "!OK": lambda text: Ok(*_code_and_words(text)),
    "!FAIL": lambda text: Fail(*_code_and_words(text)),
    "!DATA_ACK": lambda text: Ack(_number(text)),
}
