# SPDX-License-Identifier: Apache-2.0
"""Speed of the front-end from Python on one core, as a multiple of real time, compared with its two references.

    python benchmarks/frontend_speed.py [--seconds 120]

References that are not installed are skipped. Times are the best of five runs over the same speech-like
sound (tests/helpers/frontend_signals.py).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))

from frontend_references import pymicro_features, tensorflow_features
from frontend_signals import RATE_HZ, to_int16, voice

from tinykws.native.features import FrontEnd, features_of_clips
from tinykws.native.frontend_tables import tables_for
from tinykws.project.frontend_settings import FrontendSettings

RUNS = 5


def best_seconds(work: Callable[[], object]) -> float:
    """Returns the processor time of the fastest of some runs."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def report(name: str, seconds_of_sound: float, work: Callable[[], object]) -> None:
    """Prints one row, or that the reference is not installed."""
    try:
        work()
    except pytest.skip.Exception as reason:
        print(f"{name:48} {reason}")
        return
    seconds = best_seconds(work)
    print(f"{name:48} {seconds_of_sound / seconds:8.0f} times real time")


def process_all(frontend: FrontEnd, pieces: Sequence[npt.NDArray[np.int16]]) -> None:
    """Feeds the front-end piece by piece."""
    for piece in pieces:
        frontend.process(piece)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120, help="seconds of sound")
    seconds = parser.parse_args().seconds
    samples = to_int16(voice(seconds) * 9000)
    clips = samples[: seconds * RATE_HZ].reshape(seconds, RATE_HZ)
    pieces = np.array_split(samples, len(samples) // 320)
    for stride_ms in (20, 10):
        settings = FrontendSettings(stride_ms=stride_ms)
        frontend = FrontEnd(settings)
        label = f"30/{stride_ms} ms"
        report(f"FrontEnd.process, {label}", seconds, partial(frontend.process, samples))
        report(f"  in pieces of 20 ms, {label}", seconds, partial(process_all, frontend, pieces))
        report(f"features_of_clips, {label}", seconds, partial(features_of_clips, clips, settings))
        report(f"TensorFlow's op, {label}", seconds, partial(tensorflow_features, samples, settings))
    report("pymicro-features, 30/10 ms", seconds, lambda: pymicro_features(samples))
    print(f"{'the tables, computed once':48} {best_seconds(lambda: tables_for.__wrapped__(settings)) * 1000:8.0f} ms")


if __name__ == "__main__":
    main()
