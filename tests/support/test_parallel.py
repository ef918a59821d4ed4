# SPDX-License-Identifier: Apache-2.0
"""Maps over processes and threads keep order, hand errors on, and stop early."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until, wait_until_gone

from tinykws.support import parallel
from tinykws.support.parallel import map_in_processes, map_in_threads, process_count


def squared(value: int) -> tuple[int, int]:
    if value < 0:
        raise ValueError(f"{value} is negative")
    return value * value, os.getpid()


def test_processes_keep_order_and_are_others() -> None:
    results = list(map_in_processes(squared, range(8), 2))
    assert [value for value, _ in results] == [n * n for n in range(8)]
    assert os.getpid() not in {pid for _, pid in results}


@pytest.mark.parametrize(("items", "processes"), [(range(8), 1), ([3], 4), ([], 4)])
def test_few_items_or_one_process_stay_here(items: list[int], processes: int) -> None:
    assert list(map_in_processes(squared, items, processes)) == [(n * n, os.getpid()) for n in items]


def test_threads_keep_order() -> None:
    assert [value for value, _ in map_in_threads(squared, range(50), 4)] == [n * n for n in range(50)]


@pytest.mark.parametrize("mapper", [map_in_processes, map_in_threads])
def test_errors_are_handed_on(mapper: Callable[..., Iterator[int]]) -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        list(mapper(squared, [1, -1, 2], 2))


def test_what_nobody_waits_for_is_not_begun() -> None:
    begun = []
    cancelled = threading.Event()

    class Executor(concurrent.futures.ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            cancelled.set()
            super().shutdown(wait=wait)

    def slow(value: int) -> int:
        begun.append(value)
        if value > 0:
            cancelled.wait()
        return value

    results = parallel._results(Executor(1), slow, range(100))
    assert next(results) == 0
    assert isinstance(results, Generator)
    results.close()
    assert begun in ([0], [0, 1])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to a processor")
def test_processors_are_those_this_process_may_use() -> None:
    bound = "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    code = f"import os; from tinykws.support.parallel import process_count; {bound}; print(process_count())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"1"
    assert process_count() == len(os.sched_getaffinity(0))


@pytest.mark.skipif(not parallel.HAS_SIGNAL_MASKS, reason="there, workers are told by themselves")
def test_ctrl_c_comes_when_all_workers_are_started_whatever_thread_takes_it() -> None:
    started: list[bool] = []
    taken, tells = socket.socketpair()
    tells.setblocking(False)

    class Slow(concurrent.futures.ThreadPoolExecutor):
        def map(self, *args: Any, **kwargs: Any) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            assert taken.recv(1) == bytes([signal.SIGINT]), "another thread has it now"
            started.append(True)
            return super().map(*args, **kwargs)

    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    before = signal.set_wakeup_fd(tells.fileno())
    try:
        with pytest.raises(KeyboardInterrupt):
            list(parallel._results(Slow(1), abs, [1, 2]))
    finally:
        signal.set_wakeup_fd(before)
        over.set()
        other.join()
        taken.close()
        tells.close()
    assert started


KILLED = """
import os, sys, time
from pathlib import Path
from tinykws.support.parallel import map_in_processes

def work(folder):
    (Path(folder) / f"{os.getpid()}.begun").touch()
    time.sleep(3600)

if __name__ == "__main__":
    list(map_in_processes(work, [sys.argv[1]] * 4, 2))
"""


def test_a_parent_that_is_killed_takes_its_workers_along(tmp_path: Path) -> None:
    (tmp_path / "killed.py").write_text(KILLED)
    with subprocess.Popen([sys.executable, str(tmp_path / "killed.py"), str(tmp_path)]) as parent:
        wait_until(lambda: len(list(tmp_path.glob("*.begun"))) == 2, "the start of two workers")
        parent.kill()
    for begun in tmp_path.glob("*.begun"):
        wait_until_gone(int(begun.stem))
