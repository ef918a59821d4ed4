# SPDX-License-Identifier: Apache-2.0
"""Fuzzes the .tflite reader, and the C generated from what it accepts.

    make fuzz-reader SECONDS=3600

Coverage-guided, by atheris (libFuzzer for Python; the extra `fuzz`): the engine's Python is instrumented, and
changes hit the numbers that the reader looks at. Every mutant is refused by a ConfigError or becomes C, for whole
windows and for a stream, and each C text that differs in more than weights is compiled with AddressSanitizer and UBSan
and run. A finding ends the run and is kept in the corpus folder as crash-…; counts.json there counts the mutants.
The next run continues from the mutants that were kept. tests/aot/test_tflite_fuzz.py is a short run with fixed seeds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tinykws.aot"]):
    from tinykws.aot import compiler

from field_mutator import mutate
from random_networks import random_convolution, random_net, random_stream
from sanitized_models import MOST_WORK, compile_stream, run_sanitized, shape_of, work_of

from tinykws.support.errors import ConfigError

BATCH = 64
"""Models per program."""
LAST_SECONDS = 10
"""The last seconds, in which models run one by one, since libFuzzer ends without notice."""
SEEDS = 60
LARGEST_FILE = 8192
KINDS = ("executions", "refused", "accepted", "streams", "distinct", "too_large", "run", "seconds")
MEGABYTES, SECONDS_OF_ONE = 3000, 300


class Harness:
    """What happens to each mutant, and how often."""

    def __init__(self, corpus: Path, workshop: Path, seconds: int) -> None:
        self._corpus, self._workshop, self._seconds = corpus, workshop, seconds
        self._known: set[int] = set()
        self._batch: list[bytes] = []
        self._began = time.monotonic()
        self.counts = dict.fromkeys(KINDS, 0)

    def one(self, data: bytes) -> None:
        """Any exception but ConfigError, and any report of a sanitizer, is a finding."""
        self.counts["executions"] += 1
        try:
            compiled = compiler.compile_model(data)
        except ConfigError:
            self.counts["refused"] += 1
            return
        self.counts["accepted"] += 1
        self.counts["streams"] += compile_stream(data).choice.keeps_rows
        shape = hash(shape_of(compiled))
        if shape in self._known:
            return
        self._known.add(shape)
        self.counts["distinct"] += 1
        if work_of(data) > MOST_WORK:
            self.counts["too_large"] += 1
            return
        self._batch.append(data)
        nearly_over = time.monotonic() - self._began > self._seconds - LAST_SECONDS
        if len(self._batch) == BATCH or nearly_over:
            self.run_batch()

    def run_batch(self) -> None:
        """Compiles and runs the batch; keeps its models if a sanitizer reports."""
        try:
            run_sanitized(self._batch, self._workshop)
            run_sanitized(self._batch, self._workshop, compile_stream)
        except AssertionError:
            for number, model in enumerate(self._batch):
                (self._corpus / f"reported-{number}.tflite").write_bytes(model)
            raise
        self.counts["run"] += len(self._batch)
        self._batch.clear()
        self.write_counts()

    def write_counts(self) -> None:
        """Writes counts.json."""
        self.counts["seconds"] = round(time.monotonic() - self._began)
        (self._corpus / "counts.json").write_text(json.dumps(self.counts, indent=1) + "\n")


def custom_mutator(data: bytes, max_size: int, seed: int) -> bytes:
    """Mutates fields; one time in ten, bytes, as libFuzzer does."""
    source = random.Random(seed)
    if source.random() < 0.1:
        return bytes(atheris.Mutate(data, max_size))
    return mutate(bytes(data), source)[:max_size]


def main() -> None:
    """Runs libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=Path, required=True, help="kept mutants and findings")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    kept = arguments.corpus / "kept"
    kept.mkdir(parents=True, exist_ok=True)
    for seed in range(SEEDS):
        make = (random_net, random_convolution, lambda source: random_stream(source)[0])[seed % 3]
        (kept / f"seed-{seed}.tflite").write_bytes(make(random.Random(seed)))
    harness = Harness(arguments.corpus, Path(tempfile.mkdtemp(prefix="fuzz-reader-")), arguments.seconds)
    options = [f"-max_total_time={arguments.seconds}", f"-max_len={LARGEST_FILE}", f"-seed={arguments.seed}"]
    options += [
        "-mutate_depth=2",
        f"-timeout={SECONDS_OF_ONE}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={arguments.corpus}/",
    ]
    atheris.Setup([sys.argv[0], *options, str(kept)], harness.one, custom_mutator=custom_mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
