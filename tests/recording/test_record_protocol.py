# SPDX-License-Identifier: Apache-2.0
"""Recordings over the serial line: whole ones come through, every damage is known."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.boards.rows import find_board
from tinykws.recording.record_protocol import MAX_SAMPLES, Recording, SoundLostError, longest_recording, record_sound
from tinykws.support.errors import DeviceError

SAMPLES = np.random.default_rng(1).integers(-32768, 32768, 1000).astype(np.int16)


def checked(line: str) -> str:
    return f"{line} *{zlib.crc32(line.encode()):08x}"


def lines_of(samples: np.ndarray = SAMPLES, overruns: int = 0, clipped: int = 0) -> list[str]:
    """What a device says, written from docs/reference/serial_protocol.md."""
    pcm = samples.astype("<i2").tobytes()
    lines = [f"kws sound {at // 2} {base64.b64encode(pcm[at : at + 480]).decode()}" for at in range(0, len(pcm), 480)]
    lines.append(f"!OK RECORD {samples.size} crc={zlib.crc32(pcm):08x} overruns={overruns} clipped={clipped}")
    return [checked(line) for line in lines]


class Link:
    """Says what it was given, and then nothing; a second passes at each silence."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = list(lines)
        self.sent: list[str] = []
        self.now = 0.0

    def send_lines(self, texts: list[str]) -> None:
        self.sent += texts

    def read_line(self, timeout_s: float) -> str | None:
        if self.lines:
            return self.lines.pop(0)
        self.now += timeout_s
        return None


def record(
    lines: list[str], count: int = SAMPLES.size, on_sound: Callable[[np.ndarray], None] = lambda _: None
) -> Recording:
    transport = Link(lines)
    take = record_sound(transport, count, lambda: transport.now, on_sound)
    assert transport.sent == [checked(f"!RECORD {count}")]
    return take


def test_a_whole_recording_with_what_the_device_tells_of_it() -> None:
    pieces: list[int] = []
    take = record(lines_of(overruns=2, clipped=7), on_sound=lambda piece: pieces.extend(piece.tolist()))
    assert take.samples.tolist() == SAMPLES.tolist() == pieces
    assert take.samples.dtype == np.int16
    assert (take.overruns, take.clipped) == (2, 7)


def test_what_is_none_of_ours_is_passed_over() -> None:
    lines = lines_of()
    assert record([lines[0], "some debug print", "Heard yes (200) @1000ms", *lines[1:]]).samples.size == 1000


@given(st.data())
def test_a_line_that_is_lost_doubled_cut_or_flipped_is_never_taken(data: st.DataObject) -> None:
    lines = lines_of()
    at = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[at]) - 1))
    flipped = chr(ord(lines[at][place]) ^ data.draw(st.sampled_from([1, 2, 4, 8, 16])))
    damaged = data.draw(
        st.sampled_from([
            lines[:at] + lines[at + 1 :],
            lines[: at + 1] + lines[at:],
            [*lines[:at], lines[at][:place], *lines[at + 1 :]],
            [*lines[:at], lines[at][:place] + flipped + lines[at][place + 1 :], *lines[at + 1 :]],
        ])
    )  # fmt: skip
    if damaged[: len(lines)] == lines:
        return  # the end twice: the recording was whole before
    with pytest.raises((SoundLostError, DeviceError)):
        record(damaged)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("!FAIL timeout of 5 s: the microphone gave no sound", "delivers no samples"),
        ("!FAIL command is not known", "firmware on the device cannot record"),
        ("!FAIL state is not testing: send !TEST first", "refused to record: state"),
        ("kws ready proto=1 board=host engine=a model=b line=768 window=4 labels=a,b", "restarted"),
        ("kws error exception number 0x00000003 at 0x0", "the device reports: exception"),
        ("", "sent nothing for 8 s while recording"),
    ],
)
def test_a_device_that_will_not_record_says_why(line: str, says: str) -> None:
    with pytest.raises(DeviceError, match=says):
        record([*lines_of()[:2], *([line] if line else [])])


def test_another_length_than_asked_for_is_no_recording() -> None:
    with pytest.raises(SoundLostError):
        record(lines_of(SAMPLES[:240]), count=480)


@pytest.mark.parametrize(
    ("board", "seconds"), [("nano33ble", 60.0), ("host", 60.0), ("esp32", 2.67), ("m5atom_echo", 2.67)]
)
def test_how_long_a_board_can_record_without_loss(board: str, seconds: float) -> None:
    """Behind a bridge at 115,200 baud 4,114 of 16,000 samples a second get away; a ring of 32,768 holds the rest."""
    assert longest_recording(find_board(board)) / 16000 == pytest.approx(seconds, abs=0.02)
    assert longest_recording(find_board(board)) <= MAX_SAMPLES
