# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while a process is being started."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from tinykws.support.interrupts import start_uninterrupted


def test_what_was_started_is_ended_and_the_interrupt_raised() -> None:
    ended: list[str] = []

    def start() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "process"

    with pytest.raises(KeyboardInterrupt):
        start_uninterrupted(start, ended.append)
    assert ended == ["process"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_an_interrupt_nothing_is_ended() -> None:
    ended: list[str] = []
    assert start_uninterrupted(lambda: "process", ended.append) == "process"
    assert ended == []


def test_an_error_while_starting_passes_through() -> None:
    def start() -> str:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        start_uninterrupted(start, lambda _: None)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_have_no_signals() -> None:
    started: list[str] = []
    thread = threading.Thread(target=lambda: started.append(start_uninterrupted(lambda: "process", lambda _: None)))
    thread.start()
    thread.join()
    assert started == ["process"]
