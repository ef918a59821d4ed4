# SPDX-License-Identifier: Apache-2.0
"""No test depends on how busy the computer is: none sleeps, reads a clock, or sets a short time limit, but for the
places listed here, each with its reason.

Instead: give the code a clock (PortAccess, device_port.py, fault_proxy.py), or wait for what happens (waiting.py).
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
CLOCKS = {"sleep", "monotonic", "monotonic_ns", "time", "time_ns", "perf_counter", "perf_counter_ns", "process_time"}
WAITS = {"wait", "join", "communicate", "read_line", "exit_reason", "acquire"}
"""Methods whose only positional argument is a time limit."""
SHORTEST_LIMIT_S = 20.0
"""A busy computer takes less for what takes none."""

ALLOWED = {
    ("helpers/waiting.py", "monotonic"): (2, "the limit of ten minutes"),
    ("helpers/waiting.py", "sleep"): (1, "the pace of polling"),
    ("helpers/fault_proxy.py", "monotonic"): (1, "a clock that only serves limits of two minutes"),
    ("helpers/fault_proxy.py", "sleep"): (
        2,
        "polls until a port listens; delays bytes, and more delay changes nothing",
    ),
    ("helpers/fault_proxy.py", "read_line 0"): (1, "looks for what is there; more comes with the next read"),
    ("helpers/fuzz_firmware.py", "monotonic"): (2, "a fuzzer's statistics"),
    ("helpers/fuzz_sandbox.py", "monotonic"): (1, "a fuzzer's budget; tests count inputs"),
    ("helpers/fuzz_reader.py", "monotonic"): (3, "a fuzzer's budget; no test runs it"),
    ("device/test_serial_transport.py", "read_line 0.1"): (1, "must expire: nothing is sent until it has"),
    ("device/test_serial_transport.py", "read_line 0.05"): (1, "must expire: nothing is sent"),
    ("device/test_serial_transport.py", "read_line 0.2"): (2, "of a port with a simulated clock"),
    ("device/test_serial_transport.py", "read_line 0"): (1, "of a port with a simulated clock"),
    ("support/test_run_command.py", "timeout_s=0.05"): (1, "must expire: the program runs until it is ended"),
    ("support/test_run_command.py", "timeout_s=1"): (1, "replaced by an event"),
    ("support/test_run_command.py", "timeout_s=2"): (1, "replaced by an event"),
    ("support/test_download.py", "timeout_s=0.3"): (1, "must expire: it begins when the server is silent"),
    ("firmware_build/test_platformio.py", "timeout_s=0.01"): (1, "must expire: the registry never answers"),
}
"""File and use: how often, and why it cannot fail on a busy computer."""


def clocks_in(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yields each use of a clock, as ALLOWED names it, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield "from time import", node.lineno
        elif isinstance(node, ast.Attribute) and _is_of_time(node.value) and node.attr in CLOCKS:
            yield node.attr, node.lineno
        elif isinstance(node, ast.Call):
            yield from ((text, node.lineno) for text in _short_limits(node))


def _is_of_time(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id == "time"


def _short_limits(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg in ("timeout", "timeout_s", "wait_s") and _is_short(keyword.value):
            yield f"{keyword.arg}={_number(keyword.value):g}"
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if method in WAITS and len(call.args) == 1 and _is_short(call.args[0]):
        yield f"{method} {_number(call.args[0]):g}"
    if method == "Timer" and call.args and _is_short(call.args[0]):
        yield "Timer"


def _is_short(value: ast.expr) -> bool:
    return _number(value) < SHORTEST_LIMIT_S


def _number(value: ast.expr) -> float:
    """A number that is written out; what is computed or named counts as long."""
    number = value.value if isinstance(value, ast.Constant) else None
    return float(number) if isinstance(number, int | float) and not isinstance(number, bool) else math.inf


def test_no_test_depends_on_how_busy_the_computer_is() -> None:
    found: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, str], list[str]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        name = path.relative_to(TESTS).as_posix()
        for use, line in clocks_in(ast.parse(path.read_text())):
            found[name, use] += 1
            places.setdefault((name, use), []).append(f"tests/{name}:{line}: {use}")
    allowed = {use: count for use, (count, _) in ALLOWED.items()}
    new = [line for use, lines in places.items() if len(lines) > allowed.get(use, 0) for line in lines]
    assert not new, "inject a clock or wait for an event (tests/helpers/waiting.py):\n" + "\n".join(new)
    assert found == allowed, "the list has places that are gone"


@pytest.mark.parametrize(
    ("code", "uses"),
    [
        ("time.sleep(1)", ["sleep"]),
        ("began = time.monotonic()", ["monotonic"]),
        ("from time import sleep", ["from time import"]),
        ("run(command, timeout=5)", ["timeout=5"]),
        ("run(command, timeout=600)", []),
        ("thread.join(0.5)", ["join 0.5"]),
        ("process.wait(60)", []),
        ("', '.join(names)", []),
        ("threading.Timer(1.5, stop)", ["Timer"]),
        ("transport.read_line(1)", ["read_line 1"]),
    ],
)
def test_uses_are_found(code: str, uses: list[str]) -> None:
    assert [use for use, _ in clocks_in(ast.parse(code))] == uses
