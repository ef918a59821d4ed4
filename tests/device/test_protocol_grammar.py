# SPDX-License-Identifier: Apache-2.0
"""The grammar in docs/reference/serial_protocol.md against Python, and the codes of the C.

test_app_c checks the lines of the C.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_grammar import DOCUMENT, grammar, is_of

from tinykws.device.line_checksum import with_check
from tinykws.device.protocol import (
    EXIT,
    INFO,
    RESET,
    STATUS,
    TEST,
    Ack,
    ClipFigures,
    DeviceTrouble,
    Fail,
    Features,
    Heard,
    Levels,
    Line,
    ModelSlotState,
    Nak,
    Ok,
    Other,
    Ready,
    Scores,
    Status,
    Synced,
    announcement,
    audio_line,
    read_line,
    sync_command,
)
from tinykws.support.resources import FIRMWARE

KINDS = (
    [
        *["ready", "model", "status", "levels", "error", "features", "scores", "heard"],
        *["clip", "sound", "ack", "nak", "synced", "ok", "fail"],
    ],
    ["plain", "data", "sync", "record", "audio"],
)
IDENTITY = "01234567-89abcdef-01234567-89abcdef"
LINES: list[tuple[str, Line]] = [
    ("ready", Ready(2, "nano33ble", "tflm", "0123456789ab", 768, 15, ("_silence_", "_unknown_", "da"), "ok")),
    ("ready", Ready(2, "host", "aot", "0123456789ab", 768, 15, ("_silence_", "_unknown_", "da"), "ok", IDENTITY)),
    ("status", Status(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11, 12, 13)),
    ("ready", Ready(2, "host", "aot", "0123456789ab", 768, 15, ("_silence_", "da"), "ok", IDENTITY, levels=True)),
    ("levels", Levels(4056, (60, 12, 141), (163, 163, 170))),
    ("model", ModelSlotState("in_use", 262_144, 12_288, 26, IDENTITY, ("CONV_2D", "SOFTMAX"))),
    ("error", DeviceTrouble("engine", "arena is too small")),
    ("features", Features(30, b"\x80\x00\xa5")),
    ("scores", Scores(990, (-128, 127, 0))),
    ("heard", Heard("hey_robot", 201, 990)),
    ("clip", ClipFigures(1, 2, 3, 4, 5, 6, audio_crc=7)),
    ("ack", Ack(768)),
    ("nak", Nak(768)),
    ("synced", Synced(1, 2, 3)),
    ("ok", Ok("TEST", "768")),
    ("ok", Ok("RESET")),
    ("ok", Ok("DATA", "audio-pcm-16khz-mono-s16 32000")),
    ("fail", Fail("crc", "of the audio is 00000001, announced was 00000002")),
]


@pytest.mark.parametrize(("kind", "line"), LINES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_line_of_the_device_is_of_its_kind_alone(kind: str, line: Line) -> None:
    text = line.to_line()
    assert [name for name in KINDS[0] if is_of(name, text)] == [kind]
    for whole in (text, with_check(text), with_check(f"{text} #12")):
        assert is_of("device", whole)
        assert not is_of("host", whole)


u32 = st.integers(0, 2**32 - 1)


@given(u32, u32, st.integers(0, 80000), st.booleans(), st.binary(max_size=768).filter(lambda pcm: len(pcm) % 2 == 0))
def test_what_the_host_says_is_of_its_kind_alone(number: int, crc: int, tail: int, features: bool, pcm: bytes) -> None:
    commands = {
        "data": announcement(number, crc, tail, features=features),
        "sync": sync_command(number, crc),
        "audio": audio_line(number, pcm, tail),
    }
    for kind, text in commands.items():
        body = text.rsplit(" *", 1)[0]
        assert [name for name in KINDS[1] if is_of(name, body)] == [kind]
        assert is_of("host", with_check(body))
    assert all(is_of("plain", command) for command in (INFO, TEST, STATUS, RESET, EXIT))


CLASSES = {
    "ready": Ready, "model": ModelSlotState,
    "status": Status, "error": DeviceTrouble, "features": Features, "scores": Scores, "heard": Heard,
    "clip": ClipFigures, "ack": Ack, "nak": Nak, "synced": Synced, "ok": Ok, "fail": Fail,
}  # fmt: skip
"""Of all that a device says; `sound` is read by recording.py."""


@pytest.mark.parametrize("kind", CLASSES)
@given(data=st.data(), number=st.none() | u32)
def test_whatever_the_grammar_allows_is_read_as_what_it_is(kind: str, data: st.DataObject, number: int | None) -> None:
    body = data.draw(st.from_regex(grammar()[kind], fullmatch=True))
    received = read_line(with_check(body if number is None else f"{body} #{number}"))
    assert received.intact
    if number is not None or kind not in ("error", "fail"):  # the free words of these may end like a number
        assert (type(received.line), received.number) == (CLASSES[kind], number)


@given(
    st.from_regex(grammar()["device"], fullmatch=True),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.characters(codec="latin-1")), max_size=6),
    st.booleans(),
)
def test_whatever_becomes_of_such_a_line_it_is_some_line(
    line: str, edits: list[tuple[int, int, str]], checked: bool
) -> None:
    """Characters put in, left out, doubled; with a right check behind it, too: a device with bugs of its own."""
    for place, lost, put in edits:
        at = place % (len(line) + 1)
        line = line[:at] + put * (2 - lost % 2) + line[at + lost :]
    text = line.encode("latin-1").decode(
        "ascii", errors="backslashreplace"
    )  # as device/transport/serial_transport.py does
    received = read_line(with_check(text) if checked else text)
    assert received.intact or not checked
    if isinstance(received.line, Other):
        assert received.line.text in received.text


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
def test_no_line_is_both_sides(text: str) -> None:
    if is_of("device", text):
        assert not is_of("host", text)


def test_each_code_begins_some_complaint_of_the_c() -> None:
    """That the C has no other codes is held by test_app_c: each line it prints there is in the grammar."""
    sources = [*(FIRMWARE / "src").glob("*.c"), FIRMWARE / "lib" / "kws_serial" / "kws_protocol.c"]
    first_words = re.findall(r'"(?:!FAIL )?(\w+) ', "".join(path.read_text() for path in sources))
    assert set(_codes()) <= set(first_words)


def test_the_table_explains_every_code() -> None:
    section = DOCUMENT.read_text(encoding="utf-8").split("## When something goes wrong")[1].split("## ")[0]
    cells = [line.split("|")[1] for line in section.split("`kws error ")[0].splitlines() if line.startswith("| `")]
    assert {code for cell in cells for code in re.findall(r"`(\w+)`", cell)} == set(_codes())


def test_the_table_of_errors_has_every_one_that_the_c_reports() -> None:
    sources = [*FIRMWARE.rglob("*.c"), *FIRMWARE.rglob("*.cpp")]
    text = "".join(path.read_text() for path in sources)
    reported = re.findall(r'kws_report_error\("(\w+)"', text) + re.findall(r"kws error (\w+) ", text)
    table = DOCUMENT.read_text(encoding="utf-8").split("| what | meaning |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(reported)


def _codes() -> list[str]:
    return grammar()["code"].pattern.strip("(?:)").split("|")


def test_every_rule_is_used() -> None:
    """A rule that neither side's lines lead to would be a line that nobody says."""
    text = DOCUMENT.read_text(encoding="utf-8").split("## The grammar")[1].split("```")[1]
    for name in grammar():
        assert name in ("device", "host") or f"{{{name}}}" in text, name
