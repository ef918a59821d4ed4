# SPDX-License-Identifier: Apache-2.0
"""Fuzzes what reads untrusted input, through the commands that people give it to.

    make fuzz TARGET=bundle SECONDS=3600

Targets: bundle (bundle.json and the files next to it), settings (kws.yaml, boards.yaml), log (replay, and what monitor
and verify receive), list (data folders, list files, timelines), model (.tflite through reader, aot engine, interpreter
and import). Without TARGET all of them, one after the other.

An input is made from a good one by the seed and its number, so every one can be made again: a finding is kept in
FOLDER/TARGET/findings, with the command that repeats it. What counts as a finding: fuzz_sandbox.py. counts.json tells
how many inputs came to which end. The exit code is 1 if there is a finding.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fuzz_sandbox import Limits, Outcome, Sandbox, wall_clock

BATCH = 100
"""Inputs of one child process."""
MOST_KEPT = 3
"""Inputs kept of each kind of finding."""


class Run:
    """One target for some time."""

    def __init__(self, target: Any, sandbox: Sandbox, folder: Path, seed: int) -> None:
        self._target, self._sandbox, self._folder, self._seed = target, sandbox, folder, seed
        self._counts: Counter[str] = Counter()
        self._findings: Counter[str] = Counter()
        self._cpu_seconds = 0.0
        self._slowest = (0.0, 0)
        self._began = wall_clock()

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return wall_clock() - self._began

    @property
    def found(self) -> int:
        """Inputs that are findings."""
        return sum(self._findings.values())

    def batch(self, numbers: Sequence[int], most_seconds: float) -> None:
        """Runs the inputs of these numbers, until the run has taken so many seconds."""
        with contextlib.closing(self._sandbox.run(numbers, self._act)) as outcomes:
            for outcome in outcomes:
                self._take(outcome)
                self._write_counts()
                if self.seconds >= most_seconds:
                    return

    def _act(self, number: int, case: Path) -> Iterable[str]:
        source = random.Random(f"{self._seed}/{number}")
        made = self._target.make(case, source)
        yield from self._target.attack(case, made, source)

    def _take(self, outcome: Outcome) -> None:
        self._counts["inputs"] += 1
        self._counts.update(outcome.counts)
        self._cpu_seconds += outcome.cpu_seconds
        self._slowest = max(self._slowest, (outcome.cpu_seconds, outcome.number))
        if outcome.finding:
            kind = outcome.finding.split("\n")[0]
            self._findings[kind] += 1
            if self._findings[kind] <= MOST_KEPT:
                self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        """Makes the input again, next to what it did and how to repeat it."""
        folder = self._folder / "findings" / f"{self._seed}-{outcome.number}"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "input").mkdir(parents=True)
        with contextlib.suppress(Exception):  # if making it is what failed, the traceback says so
            self._target.make(folder / "input", random.Random(f"{self._seed}/{outcome.number}"))
        again = f"{sys.argv[0]} --target {self._target.name} --seed {self._seed} --first {outcome.number} --inputs 1"
        (folder / "finding.txt").write_text(f"{outcome.finding}\n\nagain: {again}\n")
        print(f"{self._target.name} {outcome.number}: {outcome.finding}", flush=True)  # noqa: T201

    def _write_counts(self) -> None:
        values = {
            "seed": self._seed,
            "seconds": round(self.seconds),
            "cpu_seconds": round(self._cpu_seconds, 1),
            **dict(sorted(self._counts.items())),
            "slowest_cpu_seconds": self._slowest[0],
            "slowest_number": self._slowest[1],
            "findings": dict(self._findings),
        }
        (self._folder / "counts.json").write_text(json.dumps(values, indent=1) + "\n")


def fuzz(name: str, folder: Path, seed: int, first: int, seconds: float, inputs: int | None) -> int:
    """Runs a target for so many seconds or inputs; returns the number of findings."""
    from fuzz_targets import TARGETS

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as workshop:
        good = Path(workshop) / "good"
        good.mkdir()
        target = TARGETS[name](good)
        (Path(workshop) / "sandbox").mkdir()
        sandbox = Sandbox(Path(workshop) / "sandbox", target.programs, Limits(), Path.home())
        run = Run(target, sandbox, folder, seed)
        most_seconds, end = (seconds, sys.maxsize) if inputs is None else (math.inf, first + inputs)
        while first < end and run.seconds < most_seconds:
            last = min(end, first + BATCH)
            run.batch(range(first, last), most_seconds)
            first = last
        print(f"{name}: {(folder / 'counts.json').read_text()}", flush=True)  # noqa: T201
        return run.found


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("bundle", "settings", "log", "list", "model")
    parser.add_argument("--target", choices=names, default=None, help="default: all")
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--inputs", type=int, default=None, help="so many inputs instead of --seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="counts and findings")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="fuzz-home-") as home:
        (Path(home) / "home").mkdir()
        os.environ |= {"HOME": f"{home}/home", "TINYKWS_CACHE_DIR": f"{home}/home/cache", "TF_CPP_MIN_LOG_LEVEL": "3"}
        chosen = (given.target,) if given.target else names
        found = [
            fuzz(name, given.folder.resolve() / name, given.seed, given.first, given.seconds, given.inputs)
            for name in chosen
        ]
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
