# SPDX-License-Identifier: Apache-2.0
"""C source text: arrays, numbers, strings and comments, for templates and the aot engine."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

LINE_WIDTH = 110


def c_array(declaration: str, values: Iterable[int]) -> str:
    """Returns `declaration = {…};` with decimal values in wrapped lines; the declaration has type, name and size."""
    lines, line = [], ""
    for value in values:
        item = f"{int(value)}, "
        if len(line) + len(item) > LINE_WIDTH:
            lines.append(line.rstrip())
            line = ""
        line += item
    lines.append(line.rstrip().rstrip(","))
    return f"{declaration} = {{\n" + "\n".join(f"    {text}" for text in lines) + "\n};\n"


def c_bytes(declaration: str, data: bytes) -> str:
    """Returns `declaration = {…};` with hex bytes, twelve per line as xxd writes them."""
    rows = (data[at : at + 12] for at in range(0, len(data), 12))
    body = ",\n".join("    " + ", ".join(f"0x{byte:02x}" for byte in row) for row in rows)
    return f"{declaration} = {{\n{body}\n}};\n"


def c_float(value: float) -> str:
    """Returns a C float literal that reads back as the nearest 32-bit float, exactly.

    Raises ValueError for infinity and NaN, which have none.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} has no literal in C")
    digits = f"{value:.9g}"
    return digits + ("f" if any(character in digits for character in ".en") else ".0f")


def c_string(text: str) -> str:
    """Returns a C string literal: ASCII unchanged, the rest as UTF-8 in octal escapes (which have a fixed length)."""
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in text.encode(errors="backslashreplace")
    )
    return f'"{escaped}"'


def c_comment(text: str) -> str:
    """Returns a text for the inside of a comment: printable ASCII on one line, which neither ends nor begins one."""
    ascii_text = "".join(character if " " <= character <= "~" else ascii(character)[1:-1] for character in text)
    return ascii_text.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def c_name(text: str) -> str:
    """Returns a name, or the end of one. Raises ValueError if it has other characters than a C name."""
    if not re.fullmatch(r"[A-Za-z0-9_]+", text, re.ASCII):
        raise ValueError(f"{text!r} is not a name in C")
    return text
