# SPDX-License-Identifier: Apache-2.0
"""Runs commands of tinykws in this process, and checks what no input may change about what they print."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

from fuzz_sandbox import FindingError

from tinykws.cli.main import run
from tinykws.cli.terminal import CLEAR_LINE
from tinykws.support.errors import TinykwsError
from tinykws.support.safe_text import visible

EXIT_CODES = (0, 1, 2, 3, 4)
OURS_ONLY = ("Traceback (most recent call last)", "Exception ignored in", "Warning: ")
"""What Python prints; no input contains it."""


def command(*arguments: str | Path) -> str:
    """Runs a command; returns what came of it, such as `boards: exit 2`. Raises FindingError."""
    output, errors = _stream(), _stream()
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = output, errors
    try:
        code = run([str(argument) for argument in arguments])
    finally:
        sys.stdout, sys.stderr = kept
    check_printed(_text(errors))
    check_printed(_text(output))
    if code not in EXIT_CODES:
        raise FindingError(f"exit code {code} of {arguments[0]}")
    if "--json" in arguments and arguments[-1] == "--json" and code == 0:
        read_strict_json(_text(output))
    return f"{arguments[0]}: exit {code}"


def refused_or(what: str, refusal: TinykwsError | None) -> str:
    """Returns what came of a function: `what`, or `what: refused` after checks of the refusal's text."""
    if refusal is None:
        return what
    if not refusal.message:
        raise FindingError(f"a refusal without a text: {what}")
    return f"{what}: refused"


def check_printed(text: str) -> None:
    """Raises FindingError for a terminal's control characters and for what Python prints about faults."""
    if visible(text) != text:
        raise FindingError(f"prints control characters\n{text[:2000].encode('unicode_escape').decode()}")
    for words in OURS_ONLY:
        if words in text:
            raise FindingError(f"prints {words!r}\n{text[-5000:].encode('unicode_escape').decode()}")


def read_strict_json(text: str) -> Any:
    """Returns the value; raises FindingError if another reader of JSON would not read it."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise FindingError(f"prints what is not JSON\n{error}\n{text[:2000]}") from error


def _no_number(name: str) -> NoReturn:
    raise FindingError(f"prints {name} as JSON")


def check_files(folder: Path) -> None:
    """Raises FindingError if a report there cannot be read by other programs."""
    for path in folder.glob("report*.json"):
        read_strict_json(path.read_text())
    for path in folder.glob("report*.xml"):
        try:
            ElementTree.parse(path)
        except ElementTree.ParseError as error:
            raise FindingError(f"writes what is not XML\n{error}") from error


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def _text(stream: io.TextIOWrapper) -> str:
    with contextlib.suppress(ValueError):
        stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return "" if stream.buffer.closed else stream.buffer.getvalue().decode("utf-8", "backslashreplace")


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """Checks what is printed in its body."""
    output = _stream()
    kept = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = output
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
    check_printed(_text(output).replace(CLEAR_LINE, "\n"))
