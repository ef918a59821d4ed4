# SPDX-License-Identifier: Apache-2.0
"""The serial protocol's C, compiled with the sanitizers, against Python: base64, CRC-32, lines, commands, numbers."""

from __future__ import annotations

import base64
import binascii
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinykws.device.line_checksum import split_check, with_check
from tinykws.device.protocol import AUDIO_TYPE, MAX_LINE_CHARACTERS, MAX_TAIL_SAMPLES, announcement, audio_line
from tinykws.support.resources import FIRMWARE

LIBRARY = FIRMWARE / "lib" / "kws_serial"
SOURCES = ["kws_base64.c", "kws_check.c", "kws_crc32.c", "kws_line.c", "kws_outbox.c", "kws_protocol.c", "kws_text.c"]
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-O1", "-g"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
BAD, INFO, TEST, DATA, RESET, EXIT, STATUS, SYNC, _RECORD, LEVELS = range(10)
BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

u32 = st.integers(0, 2**32 - 1)

Twin = Callable[[str, Sequence[bytes]], list[str]]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """Runs a function of the C on inputs; a sanitizer's complaint fails the test."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    program = tmp_path_factory.mktemp("protocol") / "protocol_twin"
    driver = Path(__file__).parent.parent / "c" / "protocol_twin.c"
    sources = [str(LIBRARY / name) for name in SOURCES]
    subprocess.run(
        ["gcc", "-std=c99", "-g", *SANITIZERS, f"-I{LIBRARY}", str(driver), *sources, "-o", str(program)], check=True
    )

    def run(function: str, inputs: Sequence[bytes]) -> list[str]:
        text = "".join(f"{function} {data.hex()}\n" for data in inputs)
        done = subprocess.run([program], input=text, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[:-1]

    return run


@pytest.mark.parametrize("compiler", ["gcc", "arm-none-eabi-gcc"])
@pytest.mark.parametrize("name", SOURCES)
def test_it_compiles_without_a_warning(compiler: str, name: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    subprocess.run([compiler, *FLAGS, "-c", LIBRARY / name, "-o", tmp_path / "x.o"], check=True)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(inputs=st.lists(st.binary(max_size=300), min_size=1, max_size=30))
def test_crc32_is_zlibs(twin: Twin, inputs: list[bytes]) -> None:
    assert twin("crc32", inputs) == [f"{zlib.crc32(data):08x}" for data in inputs]


ALMOST_BASE64 = st.one_of(
    st.binary(max_size=60).map(base64.b64encode),
    st.text("AZaz09+/=", max_size=24).map(str.encode),
    st.binary(max_size=24),
)


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(inputs=st.lists(ALMOST_BASE64, min_size=1, max_size=40))
@example(inputs=[b"", b"=", b"====", b"A===", b"AA==", b"AA=A", b"AAA=", b"=AAA", b"AAAA====", b"AA\0A", b"AAAA\n"])
def test_base64_is_pythons_and_what_is_wrong_is_refused(twin: Twin, inputs: list[bytes]) -> None:
    expected = [binascii.a2b_base64(data).hex() if BASE64.fullmatch(data) else "bad" for data in inputs]
    assert twin("base64", inputs) == expected


def lines_of(data: bytes) -> list[str]:
    """What kws_line.h promises, in Python."""
    whole = re.split(rb"[\r\n]", data)[:-1]
    printable = (re.sub(rb"[^ -~]", b"?", line) for line in whole if line)
    return ["long" if len(line) > MAX_LINE_CHARACTERS else line.hex() for line in printable]


PIECES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"\n", b"\r", b"\r\n", b"!INFO", b"A" * 1023, b"B" * 1024, b"C" * 1025, b"D" * 5000]),
)


@settings(deadline=None, max_examples=100)
@given(inputs=st.lists(st.lists(PIECES, max_size=12).map(b"".join), min_size=1, max_size=10))
@pytest.mark.slow
def test_lines_come_out_whole_or_are_dropped_whole(twin: Twin, inputs: list[bytes]) -> None:
    found = [[line for line in result.split(",") if line] for result in twin("lines", inputs)]
    assert found == [lines_of(data) for data in inputs]


@settings(deadline=None, max_examples=50)
@given(
    clips=st.lists(
        st.tuples(st.integers(1, 200), st.integers(0, MAX_TAIL_SAMPLES), st.booleans()), min_size=1, max_size=20
    )
)
def test_the_c_reads_what_python_announces(twin: Twin, clips: list[tuple[int, int, bool]]) -> None:
    commands = [announcement(2 * n, 7 * n, tail, features=features).encode() for n, tail, features in clips]
    expected = [f"{DATA} {2 * n} {tail} {7 * n} 1 {features:d} " for n, tail, features in clips]
    assert twin("command", commands) == expected


GOOD = [
    (b"!INFO", INFO), (b"!TEST", TEST), (b"!RESET", RESET), (b"!EXIT", EXIT),
    (b"!STATUS", STATUS), (b"!LEVELS", LEVELS), (b"!SYNC 0 0", SYNC), (b"!SYNC 4294967295 4294967295", SYNC),
    (f"!DATA {AUDIO_TYPE} 32000".encode(), DATA), (f"!DATA {AUDIO_TYPE} 4294967294 crc=ffffffff".encode(), DATA),
]  # fmt: skip
WRONG = [
    (b"!", "command"), (b"!INFO ", "command"), (b"!INFORM", "command"), (b"!info", "command"), (b"!DATAX", "command"),
    (b"!DATA", "type"), (b"!DATA image-grayscale 9216", "type"), (f"!DATA {AUDIO_TYPE}x 2".encode(), "type"),
    (f"!DATA {AUDIO_TYPE}".encode(), "size"), (f"!DATA {AUDIO_TYPE} 0".encode(), "size"),
    (f"!DATA {AUDIO_TYPE} 3".encode(), "size"), (f"!DATA {AUDIO_TYPE} -2".encode(), "size"),
    (f"!DATA {AUDIO_TYPE} 4294967296".encode(), "size"), (f"!DATA {AUDIO_TYPE} 99999999999999999998".encode(), "size"),
    (f"!DATA {AUDIO_TYPE} 2 crc=".encode(), "option"), (f"!DATA {AUDIO_TYPE} 2 crc=123456789".encode(), "option"),
    (f"!DATA {AUDIO_TYPE} 2 crc=FF".encode(), "option"), (f"!DATA {AUDIO_TYPE} 2 crc=0 tail=80001".encode(), "option"),
    (b"!SYNC", "sync"), (b"!SYNC 1", "sync"), (b"!SYNC 1 2 3", "sync"), (b"!SYNC 1 4294967296", "sync"),
    (b"!SYNC -1 2", "sync"), (f"!DATA {AUDIO_TYPE} 2 colour=red".encode(), "option"),
    (f"!DATA {AUDIO_TYPE} 2  crc=0".encode(), "option"),
    (f"!DATA {AUDIO_TYPE} 2 crc=0 features=2".encode(), "option"),
]  # fmt: skip


def test_commands_are_read_or_refused_with_their_code(twin: Twin) -> None:
    kinds = [int(result.split()[0]) for result in twin("command", [line for line, _ in GOOD])]
    assert kinds == [kind for _, kind in GOOD]
    for (line, code), result in zip(WRONG, twin("command", [line for line, _ in WRONG]), strict=True):
        fields = result.split(" ", 6)
        assert int(fields[0]) == BAD, line
        assert fields[6].split()[0] == code, line


@settings(deadline=None, max_examples=100)
@given(
    inputs=st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60), min_size=1, max_size=20)
)
@pytest.mark.slow
def test_no_command_line_upsets_it(twin: Twin, inputs: list[str]) -> None:
    for text, result in zip(inputs, twin("command", [f"!DATA {text}".encode() for text in inputs]), strict=True):
        kind, error = int(result.split()[0]), result.split(" ", 6)[6]
        assert (kind == BAD) == bool(error), text


@settings(deadline=None, max_examples=50)
@given(inputs=st.lists(st.tuples(st.integers(0, 2**32 - 1), st.text("abc ", max_size=300)), min_size=1, max_size=20))
@example(inputs=[(0, ""), (2**31, "x" * 127), (2**31 - 1, "x" * 128), (2**32 - 1, "x" * 129)])
def test_numbers_are_written_as_printf_would(twin: Twin, inputs: list[tuple[int, str]]) -> None:
    data = [struct.pack("=I", number) + text.encode() for number, text in inputs]
    signed = [number - 2**32 if number >= 2**31 else number for number, _ in inputs]
    expected = [f"{text} {n} {s} {n:08x}" for (n, text), s in zip(inputs, signed, strict=True)]
    assert twin("text", data) == expected


LINES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
CHECKED = st.one_of(LINES, LINES.map(with_check), LINES.map(lambda line: with_check(line)[:-1] + "0"))


@settings(deadline=None, max_examples=100)
@given(inputs=st.lists(CHECKED, min_size=1, max_size=20))
@example(inputs=["", " *", " *0000000", " *00000000", "x *00000000", "!INFO *E6DBF256", "a *b *00000000"])
@pytest.mark.slow
def test_checks_are_looked_at_as_python_does(twin: Twin, inputs: list[str]) -> None:
    expected = []
    for text in inputs:
        body, intact = split_check(text)
        expected.append({None: f"none {text.encode().hex()}", True: f"good {body.encode().hex()}",
                         False: f"bad {body.encode().hex()}"}[intact])  # fmt: skip
    assert twin("check", [text.encode() for text in inputs]) == expected


@settings(deadline=None, max_examples=50)
@given(lines=st.lists(st.tuples(st.integers(0, 500).map(lambda n: 2 * n), u32, u32), min_size=1, max_size=10))
def test_the_c_reads_the_lines_of_audio_that_python_writes(twin: Twin, lines: list[tuple[int, int, int]]) -> None:
    texts, expected = [], []
    for count, offset, results in lines:
        body, _ = split_check(audio_line(offset, bytes(count), results))
        texts.append(body.encode())
        expected.append(f"1 {offset} {results} {len(body) - len(body.rpartition(' ')[2])}")
    assert twin("audio", texts) == expected


@pytest.mark.parametrize("line", ["", "@", "@1", "@1 ", "@1 x AAAA", "1 2 AAAA", "@-1 0 AAAA", "@4294967296 0 AAAA"])
def test_what_is_no_line_of_audio_is_refused(twin: Twin, line: str) -> None:
    assert twin("audio", [line.encode()])[0].startswith("0")


@st.composite
def outbox_uses(draw: st.DrawFn) -> list[tuple[str, int]]:
    steps = st.tuples(st.sampled_from("pc"), st.integers(0, 40))
    return draw(st.lists(steps, max_size=30))


@settings(deadline=None, max_examples=100)
@given(uses=st.lists(outbox_uses(), min_size=1, max_size=10))
@pytest.mark.slow
def test_the_outbox_holds_what_is_not_confirmed(twin: Twin, uses: list[list[tuple[str, int]]]) -> None:
    """Against a list of lines; the capacity is 256, and each line, of up to 40 bytes, is only put where it fits."""
    expected = []
    for use in uses:
        held: list[bytes] = []
        confirmed = 0
        for what, n in use:
            if what == "p" and sum(map(len, held)) + n + 1 <= 256:
                held.append(b"x" * n + b"\n")
            elif what == "c":
                gone = min(max(0, n - confirmed), len(held))
                del held[:gone]
                confirmed += gone
        expected.append(f"{confirmed} {confirmed + len(held)} {b''.join(held).hex()}")
    assert twin("outbox", [b"".join(what.encode() + bytes([n]) for what, n in use) for use in uses]) == expected


def test_the_longest_line_python_sends_fits_the_devices_buffer(twin: Twin) -> None:
    """740 bytes are the most that the firmware takes (kws_app.c); numbers may be the longest."""
    line = audio_line(2**32 - 1, bytes(740), 2**32 - 1)
    assert len(line) <= MAX_LINE_CHARACTERS
    assert twin("lines", [line.encode() + b"\n"]) == [line.encode().hex() + ","]
