# SPDX-License-Identifier: Apache-2.0
"""The serial protocol, version 2: what the host sends, and what each line of a device means.

The specification is docs/reference/serial_protocol.md.

This module does no I/O. Each line that a device prints is one of the frozen classes of `Line`: `to_line()` writes it,
`parse_line()` reads it. Lines that are not part of the protocol are `Other`: a boot loader's output, a debug print. The
firmware prints all these lines in firmware/src/kws_report.c (a detected word: kws_report_detection()).
"""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from tinykws.device.line_checksum import split_check, with_check

PROTOCOL_VERSION = 2
AUDIO_TYPE = "audio-pcm-16khz-mono-s16"
MAX_LINE_CHARACTERS = 1024
"""KWS_LINE_CHARACTERS of kws_line.h."""
MAX_CLIP_BYTES = 2**32 - 2
"""Largest size in !DATA: 37 hours."""
MAX_TAIL_SAMPLES = 80_000
"""KWS_MAX_TAIL_SAMPLES of kws_protocol.h."""

INFO, TEST, RESET, EXIT, STATUS, LEVELS = "!INFO", "!TEST", "!RESET", "!EXIT", "!STATUS", "!LEVELS"
HEARD = re.compile(r"Heard (.+) \((\d{1,10})\) @(\d{1,10})ms", re.ASCII)
"""The line of a detected word, in the format that scripts for micro_speech look for."""


@dataclasses.dataclass(frozen=True)
class Ready:
    """The banner: the board, its firmware and model, and how much audio it can receive at a time."""

    protocol: int
    board: str
    engine: str
    model: str
    """The first twelve hex digits of the model's SHA-256."""
    line_bytes: int
    """Most bytes of audio in one line."""
    window_lines: int
    """The transmit window: lines of audio that may be sent ahead of the device's answers."""
    labels: tuple[str, ...]
    self_test: str = "none"
    """ok; features, scores or engine: what failed (tinykws.device.banner_checks); none: there is no self-test."""
    identity: str = ""
    """Hashes of all that decides how it behaves (tinykws.project.identity); empty: older firmware, which has none."""
    levels: bool = dataclasses.field(default=False, compare=False)
    """Whether the device understands `!LEVELS`: not what it is, so it does not count in comparisons."""

    def to_line(self) -> str:
        """Returns the line."""
        identity = f" id={self.identity}" if self.identity else ""
        return (
            f"kws ready proto={self.protocol} board={self.board} engine={self.engine} model={self.model}{identity}"
            f" selftest={self.self_test} line={self.line_bytes} window={self.window_lines}"
            f"{' levels=1' if self.levels else ''} labels={','.join(self.labels)}"
        )


@dataclasses.dataclass(frozen=True)
class Features:
    """One frame: int8 features [n_mels]."""

    time_ms: int
    """End of the frame's analysis window."""
    values: bytes
    """Raw bytes, two's complement."""

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
    """Totals of a clip: CRCs, counts, and times summed over the clip."""

    features_crc: int
    frames: int
    inferences: int
    frontend_us: int
    invoke_us: int
    arena_bytes: int
    audio_crc: int | None = None
    """CRC-32 of the audio without the tail; None if the device does not report it."""

    def to_line(self) -> str:
        """Returns the line."""
        audio = "" if self.audio_crc is None else f" audio_crc={self.audio_crc:08x}"
        return (
            f"kws clip{audio} features_crc={self.features_crc:08x} frames={self.frames} inferences={self.inferences}"
            f" frontend_us={self.frontend_us} invoke_us={self.invoke_us} arena={self.arena_bytes}"
        )


@dataclasses.dataclass(frozen=True)
class Status:
    """Periodic report of a device that listens to its microphone; counts start when it starts to listen."""

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
    """Root mean square of the sound since the last status, 0 to 32768; 0 if the device does not report it."""
    clipped: int = 0
    """Samples since the last status that clipped; 0 if the device does not report it."""
    offset: int = 0
    """DC offset of the microphone, which the device removes."""
    samples: int = 0
    """Samples that the microphone delivered since the device started, modulo 2^32, without `!RECORD`."""
    at_us: int = 0
    """When the last of them arrived, in µs of the device's clock, modulo 2^32."""

    def to_line(self) -> str:
        """Returns the line."""
        return (
            f"kws status at={self.time_ms} loudest={self.loudest} rms={self.rms} clipped={self.clipped}"
            f" overruns={self.overruns} offset={self.offset} samples={self.samples} us={self.at_us}"
            f" frames={self.frames} inferences={self.inferences} frontend_us={self.frontend_us}"
            f" invoke_us={self.invoke_us} arena={self.arena_bytes}"
        )


@dataclasses.dataclass(frozen=True)
class Levels:
    """The answer to `!LEVELS`: how near each label came to a detection since the last one."""

    time_ms: int
    peaks: tuple[int, ...]
    """[n_labels] the highest smoothed or filtered score, 0 to 255."""
    thresholds: tuple[int, ...]
    """[n_labels] what it must exceed."""

    def to_line(self) -> str:
        """Returns the line."""
        pairs = zip(self.peaks, self.thresholds, strict=True)
        return f"kws levels at={self.time_ms} {' '.join(f'{peak}/{threshold}' for peak, threshold in pairs)}"


@dataclasses.dataclass(frozen=True)
class ModelSlotState:
    """After the banner, from firmware with a model slot: what the slot holds, and what the firmware can run."""

    slot: str
    """empty; in_use; outdated: written for firmware with another built-in model; refused: an error line says why."""
    size_bytes: int
    """Size of the slot; 0: the board has none, its table of partitions is another."""
    arena_bytes: int
    """Size of the tensor arena."""
    history: int
    """Scores that the detector has memory for."""
    built_in: str
    """Identity of the model that is linked."""
    ops: tuple[str, ...]
    """Operators that the firmware has kernels of."""

    @property
    def is_in_use(self) -> bool:
        """Whether the model of the slot runs."""
        return self.slot == "in_use"

    def to_line(self) -> str:
        """Returns the line."""
        return (
            f"kws model slot={self.slot} bytes={self.size_bytes} arena={self.arena_bytes} history={self.history}"
            f" built_in={self.built_in} ops={','.join(self.ops)}"
        )


@dataclasses.dataclass(frozen=True)
class DeviceTrouble:
    """The device reports an error of its own."""

    what: str
    words: str

    def to_line(self) -> str:
        """Returns the line."""
        return f"kws error {self.what} {self.words}"


@dataclasses.dataclass(frozen=True)
class Ok:
    """A command succeeded: `TEST 768`, `DATA audio-pcm-16khz-mono-s16 32000`, `RESET`, `EXIT`."""

    command: str
    words: str = ""

    def to_line(self) -> str:
        """Returns the line."""
        return f"!OK {self.command} {self.words}".rstrip()


@dataclasses.dataclass(frozen=True)
class Fail:
    """A command, or the clip being received, failed."""

    code: str
    words: str = ""

    def to_line(self) -> str:
        """Returns the line."""
        return f"!FAIL {self.code} {self.words}".rstrip()


@dataclasses.dataclass(frozen=True)
class Ack:
    """A line of audio arrived. `bytes`: received of the clip so far (old form of !DATA: in that line)."""

    bytes: int

    def to_line(self) -> str:
        """Returns the line."""
        return f"!DATA_ACK {self.bytes}"


@dataclasses.dataclass(frozen=True)
class Nak:
    """A line of audio was rejected, or results wait for confirmation: the host must send `!SYNC`."""

    bytes: int
    """Received of the clip so far."""

    def to_line(self) -> str:
        """Returns the line."""
        return f"!DATA_NAK {self.bytes}"


@dataclasses.dataclass(frozen=True)
class Synced:
    """The answer to `!SYNC`: how much audio and how many results the device has."""

    token: int
    bytes: int
    results: int

    def to_line(self) -> str:
        """Returns the line."""
        return f"!OK SYNC {self.token} bytes={self.bytes} results={self.results}"


@dataclasses.dataclass(frozen=True)
class Other:
    """A line that is not part of the protocol, or that arrived damaged."""

    text: str

    def to_line(self) -> str:
        """Returns the line."""
        return self.text


Line: TypeAlias = (
    Ready
    | Features
    | Scores
    | Heard
    | ClipFigures
    | Status
    | Levels
    | ModelSlotState
    | DeviceTrouble
    | Ok
    | Fail
    | Ack
    | Nak
    | Synced
    | Other
)


@dataclasses.dataclass(frozen=True)
class Received:
    """A received line and whether its check is valid."""

    text: str
    line: Line
    intact: bool | None
    """Whether the check is valid; None if the line has none."""
    number: int | None
    """Number of the result in its clip, from 1; None if the line is not a result, or has no check."""


def announcement(size: int, crc: int, tail_samples: int, *, features: bool = False) -> str:
    """Returns the !DATA that announces a clip.

    Args:
        size: bytes of audio, int16 samples, little-endian.
        crc: CRC-32 of the audio.
        tail_samples: samples of silence that the device adds after it.
        features: whether the device should send the features of every frame.
    """
    option = " features=1" if features else ""
    return f"!DATA {AUDIO_TYPE} {size} crc={crc:08x} tail={tail_samples}{option}"


def audio_line(offset: int, piece: bytes, results: int) -> str:
    """Returns a line of audio, with its check.

    Args:
        offset: position in the clip, in bytes.
        piece: int16 samples, little-endian.
        results: number of the newest result that the host has; this confirms it.
    """
    return with_check(f"@{offset} {results} {base64.b64encode(piece).decode('ascii')}")


def sync_command(token: int, results: int) -> str:
    """Returns a !SYNC that confirms the results up to a number; its answer carries the token."""
    return f"!SYNC {token} {results}"


def read_line(text: str) -> Received:
    """Splits a received line into meaning, check and number; never fails. A line with an invalid check is `Other`."""
    body, intact = split_check(text)
    if not intact:
        return Received(text, _parse_body(text) if intact is None else Other(text), intact, None)
    numbered = _NUMBERED.fullmatch(body)
    if numbered:
        return Received(text, _parse_body(numbered[1]), True, int(numbered[2]))
    return Received(text, _parse_body(body), True, None)


def parse_line(text: str) -> Line:
    """Returns what a line from the device means; never fails: a line that cannot be parsed is `Other`."""
    return read_line(text).line


def _parse_body(text: str) -> Line:
    heard = HEARD.fullmatch(text)
    if heard:
        return Heard(heard[1], int(heard[2]), int(heard[3]))
    beginning = _beginning_of(text)
    parse = _PARSERS.get(beginning)
    if parse is None:
        return Other(text)
    try:
        return parse(text[len(beginning) + 1 :])
    except (ValueError, KeyError):
        return Other(text)


def _beginning_of(text: str) -> str:
    """Returns the first one or two words, which identify the kind of line."""
    words = text.split(" ", 2)
    two = " ".join(words[:2])
    return two if two in _PARSERS else words[0]


_NUMBERED = re.compile(r"(.+) #([0-9]{1,10})")
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_CRC = re.compile(r"[0-9a-f]{8}")
_FEATURES = re.compile(r"(?:[0-9a-f]{2})+")
_CODE = re.compile(r"[A-Za-z0-9_-]+")


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _crc(text: str) -> int:
    if not _CRC.fullmatch(text):
        raise ValueError(text)
    return int(text, 16)


def _fields(text: str) -> dict[str, str]:
    """Parses `key=value` words; unknown keys are kept: later versions may add some."""
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
        identity=fields.get("id", ""),
        levels=fields.get("levels") == "1",
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
    audio_crc = _crc(fields["audio_crc"]) if "audio_crc" in fields else None
    return ClipFigures(features_crc=_crc(fields["features_crc"]), audio_crc=audio_crc, **_figures(fields))


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


def _parse_levels(text: str) -> Line:
    at, *pairs = text.split(" ")
    numbers = [tuple(map(_number, pair.split("/"))) for pair in pairs]
    if not numbers or any(len(pair) != 2 for pair in numbers):
        raise ValueError(text)
    peaks, thresholds = zip(*numbers, strict=True)
    return Levels(_number(_fields(at)["at"]), peaks, thresholds)


def _parse_model_slot(text: str) -> Line:
    fields = _fields(text)
    return ModelSlotState(
        slot=fields["slot"],
        size_bytes=_number(fields["bytes"]),
        arena_bytes=_number(fields["arena"]),
        history=_number(fields["history"]),
        built_in=fields["built_in"],
        ops=tuple(fields["ops"].split(",")),
    )


def _figures(fields: Mapping[str, str]) -> dict[str, int]:
    names = {"frames": "frames", "inferences": "inferences", "frontend_us": "frontend_us", "invoke_us": "invoke_us"}
    return {ours: _number(fields[theirs]) for ours, theirs in {**names, "arena_bytes": "arena"}.items()}


def _code_and_words(text: str) -> tuple[str, str]:
    code, _, words = text.partition(" ")
    if not _CODE.fullmatch(code):
        raise ValueError(text)
    return code, words


def _parse_synced(text: str) -> Line:
    token, _, rest = text.partition(" ")
    fields = _fields(rest)
    return Synced(_number(token), _number(fields["bytes"]), _number(fields["results"]))


_PARSERS: dict[str, Callable[[str], Line]] = {
    "kws ready": _parse_ready,
    "kws features": _parse_features,
    "kws scores": _parse_scores,
    "kws clip": _parse_clip,
    "kws status": _parse_status,
    "kws levels": _parse_levels,
    "kws model": _parse_model_slot,
    "kws error": lambda text: DeviceTrouble(*_code_and_words(text)),
    "!OK SYNC": _parse_synced,
    "!OK": lambda text: Ok(*_code_and_words(text)),
    "!FAIL": lambda text: Fail(*_code_and_words(text)),
    "!DATA_ACK": lambda text: Ack(_number(text)),
    "!DATA_NAK": lambda text: Nak(_number(text)),
}
