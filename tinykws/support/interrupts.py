# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while a process is being started: there must always be somebody who ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TypeVar

P = TypeVar("P")


def start_whole(start: Callable[[], P], end: Callable[[P], None]) -> P:
    """Returns what `start` returns.

    A Ctrl-C in the middle of subprocess.Popen would leave a process that nobody knows of. So it is held back until the
    process is there; then `end` is called on it, and KeyboardInterrupt raised.
    """
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        return start()
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        process = start()
    finally:
        signal.signal(signal.SIGINT, usual)
    if came:
        end(process)
        raise KeyboardInterrupt
    return process
