"""A map over processes or threads that keeps order and ends at once on Ctrl-C or an error."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def process_count() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(function: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[R]:
    """Yields function(item) in the items' order, computed in fresh processes; with one process, here.

    Processes are spawned, not forked, so it is the same on every system and beside any threads.
    """
    if processes <= 1 or len(items) <= 1:
        yield from map(function, items)
        return
    executor = concurrent.futures.ProcessPoolExecutor(
        min(processes, len(items)), multiprocessing.get_context("spawn"), _leave_ctrl_c_to_parent
    )
    yield from _results(executor, function, items)


def map_in_threads(function: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """Yields function(item) in the items' order; for work in C that leaves Python's lock to others."""
    yield from _results(concurrent.futures.ThreadPoolExecutor(max(1, threads)), function, items)


def _results(executor: concurrent.futures.Executor, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    try:
        yield from executor.map(function, items)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _leave_ctrl_c_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
