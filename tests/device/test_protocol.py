# SPDX-License-Identifier: Apache-2.0
"""The protocol's text: what Python writes it reads back, and nothing that comes over the line can upset it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinykws.device.line_checksum import split_check, with_check
from tinykws.device.protocol import (
    AUDIO_TYPE,
    Ack,
    ClipFigures,
    DeviceTrouble,
    Fail,
    Features,
    Heard,
    Line,
    Nak,
    Ok,
    Other,
    Ready,
    Received,
    Scores,
    Status,
    Synced,
    announcement,
    audio_line,
    parse_line,
    read_line,
)
from tinykws.project.labels import MAX_LABEL_LENGTH

u32 = st.integers(0, 2**32 - 1)
int8 = st.integers(-128, 127)
label = st.from_regex(rf"[a-z0-9_]{{1,{MAX_LABEL_LENGTH}}}", fullmatch=True)
token = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
words = st.from_regex(r"([!-~]+( [!-~]+)*)?", fullmatch=True)
figures = {"frames": u32, "inferences": u32, "frontend_us": u32, "invoke_us": u32, "arena_bytes": u32}

LINES: st.SearchStrategy[Line] = st.one_of(
    st.builds(
        Ready,
        protocol=u32,
        board=token,
        engine=token,
        model=st.from_regex(r"[0-9a-f]{12}", fullmatch=True),
        line_bytes=u32,
        window_lines=u32,
        labels=st.lists(label, min_size=1, max_size=40).map(tuple),
        identity=st.just("") | st.from_regex(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){3}", fullmatch=True),
    ),
    st.builds(Features, u32, st.binary(min_size=1, max_size=80)),
    st.builds(Scores, u32, st.lists(int8, min_size=1, max_size=40).map(tuple)),
    st.builds(Heard, label, st.integers(0, 255), u32),
    st.builds(ClipFigures, features_crc=u32, audio_crc=st.none() | u32, **figures),
    st.builds(Status, time_ms=u32, loudest=st.integers(0, 32768), overruns=u32, rms=u32, clipped=u32, **figures),
    st.builds(DeviceTrouble, token, words),
    st.builds(Ok, token, words),
    st.builds(Fail, token, words),
    st.builds(Ack, u32),
    st.builds(Nak, u32),
    st.builds(Synced, u32, u32, u32),
)


@given(LINES)
def test_a_line_reads_back_as_it_was_written(line: Line) -> None:
    assert parse_line(line.to_line()) == line


@given(st.text(max_size=200))
@example("kws scores at=")
@example("kws ready proto=x")
@example("!DATA_ACK")
@example("Heard  () @ms")
@example("Heard yes (²) @1ms")
def test_any_text_is_some_line_and_keeps_what_it_said(text: str) -> None:
    line = parse_line(text)
    if isinstance(line, Other):
        assert line.text == text


@given(LINES, st.data())
def test_a_shortened_line_is_never_taken_for_another_kind(line: Line, data: st.DataObject) -> None:
    text = line.to_line()
    short = parse_line(text[: data.draw(st.integers(0, len(text) - 1))])
    cut_command = (Ok,) if isinstance(line, Synced) else ()  # `!OK SYN`: the answer to a command that nobody gave
    assert type(short) in (type(line), Other, *cut_command)


def test_lines_as_the_documentation_shows_them() -> None:
    banner = (
        "kws ready proto=1 board=host engine=aot model=0123456789ab line=768 window=15 labels=_silence_,_unknown_,yes"
    )
    assert parse_line(banner) == Ready(1, "host", "aot", "0123456789ab", 768, 15, ("_silence_", "_unknown_", "yes"))
    tested = parse_line(banner.replace(" line=", " selftest=scores line="))
    assert isinstance(tested, Ready)
    assert tested.self_test == "scores"
    assert parse_line("kws scores at=990 -128 -128 127 -128") == Scores(990, (-128, -128, 127, -128))
    assert parse_line("kws features at=30 8000a57f") == Features(30, bytes([0x80, 0, 0xA5, 0x7F]))
    assert parse_line("Heard yes (201) @4056ms") == Heard("yes", 201, 4056)
    assert parse_line("!OK TEST 768") == Ok("TEST", "768")
    assert parse_line("!OK RESET") == Ok("RESET")
    assert parse_line("!FAIL size must be an even number of bytes") == Fail("size", "must be an even number of bytes")
    assert parse_line("!DATA_ACK 768") == Ack(768)
    assert parse_line("ets Jun  8 2016 00:22:57") == Other("ets Jun  8 2016 00:22:57")


def test_fields_of_later_versions_are_passed_over() -> None:
    line = parse_line("kws clip later=1 arena=5 frames=49 features_crc=0000abcd inferences=1 frontend_us=2 invoke_us=3")
    assert line == ClipFigures(0xABCD, 49, 1, 2, 3, 5)


@pytest.mark.parametrize(
    "damaged",
    [
        "kws scores at=990 -128 12x 127 -128",
        "kws scores at=990",
        "kws features at=30",
        "kws features at=30 80a",
        "kws features at=30 80A5",
        "kws features at=30 80 a5",
        "kws clip features_crc=xyz frames=49 inferences=1 frontend_us=2 invoke_us=3 arena=5",
        "kws clip frames=49",
        "kws ready proto=1",
        "!DATA_ACK 7?8",
        "!OK",
        "kwsready",
    ],
)
def test_damaged_lines_of_ours_are_other(damaged: str) -> None:
    assert parse_line(damaged) == Other(damaged)


@given(st.binary(min_size=2, max_size=768).filter(lambda pcm: len(pcm) % 2 == 0), u32, u32)
def test_a_line_of_audio_says_where_it_belongs_and_what_is_here(pcm: bytes, before: int, results: int) -> None:
    offset = before % 1000
    line = audio_line(offset, pcm, results)
    body, intact = split_check(line)
    assert intact
    where, have, text = body.split(" ")
    assert (where, have, base64.b64decode(text)) == (f"@{offset}", str(results), pcm)


@given(LINES, st.integers(1, 2**32 - 1))
def test_a_check_is_taken_off_and_so_is_a_results_number(line: Line, number: int) -> None:
    text = line.to_line()
    if split_check(text)[1] is None:
        assert read_line(with_check(text)) == Received(with_check(text), line, True, None)
        numbered = with_check(f"{text} #{number}")
        assert read_line(numbered) == Received(numbered, line, True, number)


@given(LINES, st.data())
def test_no_damaged_line_passes_its_check(line: Line, data: st.DataObject) -> None:
    """A CRC-32 finds every burst of up to 32 bits, so every byte turned; a lost or doubled one but for 1 in 2^32."""
    good = with_check(line.to_line()).encode()
    at = data.draw(st.integers(0, len(good) - 1))
    kind = data.draw(st.sampled_from(["turned", "lost", "doubled"]))
    if kind == "turned":
        bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 127))]) + good[at + 1 :]
    else:
        bad = good[:at] + (good[at : at + 1] * 2 if kind == "doubled" else b"") + good[at + 1 :]
    received = read_line(bad.decode("ascii"))
    assert received.intact is not True or bad == good
    if received.intact is False:
        assert received.line == Other(bad.decode("ascii"))


@pytest.mark.parametrize(
    ("text", "intact"),
    [(with_check("!INFO"), True), (with_check("!INFO")[:-1] + "x", None), ("!INFO", None), (" *00000000", True),
     ("!INFO *00000000", False), ("!INFO *E6DBF256", None), ("*e6dbf256", None)],
)  # fmt: skip
def test_what_counts_as_a_check(text: str, intact: bool | None) -> None:
    assert split_check(text)[1] is intact


@given(st.integers(1, 2**31).map(lambda n: 2 * n), st.integers(0, 80000))
def test_the_announcement_tells_size_crc_and_tail(size: int, tail: int) -> None:
    command = announcement(size, 0xBADCAFE, tail)
    assert command == f"!DATA {AUDIO_TYPE} {size} crc=0badcafe tail={tail}"
    assert announcement(size, 0xBADCAFE, tail, features=True) == f"{command} features=1"
