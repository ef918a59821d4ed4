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

from tinykws.device.protocol import AUDIO_TYPE, MAX_LINE_CHARACTERS, MAX_TAIL_SAMPLES, audio_lines, data_command
from tinykws.resources import FIRMWARE

LIBRARY = FIRMWARE / "lib" / "kws"
SOURCES = ["kws_base64.c", "kws_crc32.c", "kws_line.c", "kws_protocol.c", "kws_text.c"]
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-O1", "-g"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
BAD, INFO, TEST, DATA, RESET, EXIT, STATUS = range(7)
BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

Twin = Callable[[str, Sequence[bytes]], list[str]]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """Runs a function of the C on inputs; a sanitizer's complaint fails the test."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    program = tmp_path_factory.mktemp("protocol") / "protocol_twin"
    driver = Path(__file__).parent / "native" / "protocol_twin.c"
    sources = [str(LIBRARY / name) for name in SOURCES]
    subprocess.run(
        ["gcc", "-std=c99", "-g", *SANITIZERS, f"-I{LIBRARY}", str(driver), *sources, "-o", str(program)], check=True
    )

    def run(function: str, inputs: Sequence[bytes]) -> list[str]:
        text = "".join(f"{function} {data.hex()}\n" for data in inputs)
        done = subprocess.run([program], input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[:-1]

    return run


@pytest.mark.parametrize("compiler", ["gcc", "arm-none-eabi-gcc"])
@pytest.mark.parametrize("name", SOURCES)
def test_it_compiles_without_a_warning(compiler: str, name: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    subprocess.run([compiler, *FLAGS, "-c", LIBRARY / name, "-o", tmp_path / "x.o"], check=True)


@settings(deadline=None, max_examples=50)
@given(inputs=st.lists(st.binary(max_size=300), min_size=1, max_size=30))
def test_crc32_is_zlibs(twin: Twin, inputs: list[bytes]) -> None:
    assert twin("crc32", inputs) == [f"{zlib.crc32(data):08x}" for data in inputs]


ALMOST_BASE64 = st.one_of(
    st.binary(max_size=60).map(base64.b64encode),
    st.text("AZaz09+/=", max_size=24).map(str.encode),
    st.binary(max_size=24),
)


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
    announced = [(bytes(2 * n), tail, features) for n, tail, features in clips]
    commands = [data_command(pcm, tail, features=features).encode() for pcm, tail, features in announced]
    expected = [f"{DATA} {len(pcm)} {tail} {zlib.crc32(pcm)} 1 {features:d} " for pcm, tail, features in announced]
    assert twin("command", commands) == expected


GOOD = [
    (b"!INFO", INFO), (b"!TEST", TEST), (b"!RESET", RESET), (b"!EXIT", EXIT),
    (b"!STATUS", STATUS),
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
    (f"!DATA {AUDIO_TYPE} 2 tail=5".encode(), "option"), (f"!DATA {AUDIO_TYPE} 2 colour=red".encode(), "option"),
    (f"!DATA {AUDIO_TYPE} 2  crc=0".encode(), "option"), (f"!DATA {AUDIO_TYPE} 2 features=1".encode(), "option"),
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


def test_the_longest_line_python_sends_fits_the_devices_buffer(twin: Twin) -> None:
    line = next(audio_lines(bytes(10_000), MAX_LINE_CHARACTERS // 4 * 3))
    assert twin("lines", [line.encode() + b"\n"]) == [line.encode().hex() + ","]
