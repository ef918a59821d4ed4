# SPDX-License-Identifier: Apache-2.0
"""Waiting for what other processes and threads do: the one place where tests poll.

Each wait ends as soon as the event has happened; its limit only keeps a fault from hanging the run, and is far longer
than any delay of a busy computer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

LIMIT_S = 600.0
PACE_S = 0.005


def wait_until(happened: Callable[[], object], what: str = "it") -> None:
    """Waits for an event. Fails if it has not happened after ten minutes."""
    deadline = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < deadline, f"{what} has not happened after {LIMIT_S:.0f} s"
        time.sleep(PACE_S)


def text_of(path: Path) -> str:
    """Waits until another process has written a file, and returns its text."""
    wait_until(lambda: path.is_file() and path.read_text(), f"a text in {path}")
    return path.read_text()


def wait_until_gone(process_id: int) -> None:
    """Waits until a process has ended; nobody need have collected its exit code."""
    wait_until(lambda: not _is_running(process_id), f"the end of process {process_id}")


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
