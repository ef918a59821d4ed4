# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C at moments at which it would do harm: while a process is being started, or C code calls Python back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TypeVar

P = TypeVar("P")


def uninterrupted(call: Callable[[], P]) -> P:
    """Returns the result of `call`; Ctrl-C takes effect only afterwards.

    For C code that calls Python back: a KeyboardInterrupt that is raised in the callback would be lost.
    """
    return start_uninterrupted(call, lambda _: None)


def start_uninterrupted(start: Callable[[], P], end: Callable[[P], None]) -> P:
    """Calls `start` and returns its result; Ctrl-C takes effect only afterwards.

    Ctrl-C in the middle of subprocess.Popen would leave a process without a handle to end it. It is therefore deferred
    until the process has started; then `end` is called on the process, and KeyboardInterrupt is raised.
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
