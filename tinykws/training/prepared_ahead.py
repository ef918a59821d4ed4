# SPDX-License-Identifier: Apache-2.0
"""Prepares training data in threads while the caller trains on what came before."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
THREADS = 2
"""Prepared at the same time; the front-end is slower than training a small network, and releases Python's lock."""


def prepared_ahead(make: Callable[[int], T], count: int, stopped: threading.Event) -> Generator[T, None, None]:
    """Yields make(0) to make(count - 1) in order; threads make the next ones while the caller uses one.

    Close the generator to stop early: `stopped` is then set until those in preparation have ended; they look at it and
    raise CancelledError.
    """
    executor = ThreadPoolExecutor(THREADS)
    try:
        coming = collections.deque(executor.submit(make, number) for number in range(min(THREADS, count)))
        for number in range(THREADS, THREADS + count):
            made = coming.popleft().result()
            if number < count:
                coming.append(executor.submit(make, number))
            yield made
    finally:
        stopped.set()
        executor.shutdown(wait=True, cancel_futures=True)
        stopped.clear()
