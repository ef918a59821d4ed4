# SPDX-License-Identifier: Apache-2.0
"""C text: what is printed is what a compiler reads back."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tinykws.support.c_text import LINE_WIDTH, c_array, c_bytes, c_float, c_string


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1))
def test_arrays_read_back(values: list[int]) -> None:
    text = c_array("const int32_t a[]", values)
    assert [int(item) for item in re.findall(r"-?\d+", text.split("{")[1])] == values
    assert all(len(line) <= LINE_WIDTH + 4 for line in text.splitlines())


@given(st.binary(min_size=1))
def test_bytes_read_back(data: bytes) -> None:
    text = c_bytes("const unsigned char a[]", data)
    assert bytes(int(item, 16) for item in re.findall(r"0x([0-9a-f]{2})", text)) == data


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_are_literals_that_read_back(value: float) -> None:
    text = c_float(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[-+]\d+)?f", text)
    assert "." in text or "e" in text, "1f is no C"
    assert struct.pack("<f", float(text[:-1])) == struct.pack("<f", value)


def test_strings_mean_the_same_to_a_compiler(tmp_path: Path) -> None:
    text = 'да "quoted" back\\slash ??/ trigraph 7 tab\t end'
    (tmp_path / "a.c").write_text(
        f"#include <stdio.h>\nint main(void) {{ fputs({c_string(text)}, stdout); return 0; }}\n"
    )
    subprocess.run(["gcc", "-std=c99", "-trigraphs", "-o", tmp_path / "a", tmp_path / "a.c"], check=True)
    assert subprocess.run([tmp_path / "a"], check=True, capture_output=True).stdout.decode() == text
