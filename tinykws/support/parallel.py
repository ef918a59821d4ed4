# SPDX-License-Identifier: Apache-2.0
"""A map over processes or threads that keeps the order and ends immediately on Ctrl-C or an error."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from typing import TypeVar

from tinykws.support.interrupts import start_uninterrupted

T = TypeVar("T")
R = TypeVar("R")
HAS_SIGNAL_MASKS = hasattr(signal, "pthread_sigmask")
"""Not on Windows."""


def process_count() -> int:
    """Returns the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(function: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[R]:
    """Yields function(item) in the items' order, computed in worker processes; with one process, in this one.

    Processes are spawned, not forked, so this works the same on every system, with or without threads.
    """
    if processes <= 1 or len(items) <= 1:
        yield from map(function, items)
        return
    executor = concurrent.futures.ProcessPoolExecutor(
        min(processes, len(items)), multiprocessing.get_context("spawn"), _begin_worker
    )
    if HAS_SIGNAL_MASKS:  # otherwise it starts with the first process, and unblocks Ctrl-C again
        resource_tracker.ensure_running()
    yield from _results(executor, function, items)


def map_in_threads(function: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """Yields function(item) in the items' order; for C code that releases Python's global interpreter lock."""
    yield from _results(concurrent.futures.ThreadPoolExecutor(max(1, threads)), function, items)


def _results(executor: concurrent.futures.Executor, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    try:
        with _ctrl_c_held_back():
            results = start_uninterrupted(lambda: executor.map(function, items), lambda _: None)  # `finally` ends them
        yield from results
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Blocks Ctrl-C while workers start; they inherit that, and here it takes effect once all have started.

    A terminal sends Ctrl-C to every process, and a worker that is still importing would print a traceback. The signal
    mask applies to this thread only; threads that numpy started still receive the signal, so the caller defers Python's
    handler as well.
    """
    if not HAS_SIGNAL_MASKS:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    """Leaves Ctrl-C to the parent, for systems without signal masks, and ends this process when the parent ends.

    A parent that is killed cannot tell its workers; they would work on, and then wait for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
