# SPDX-License-Identifier: Apache-2.0
"""Share of clips with the correct verdict if the transport damages bytes: the host board's firmware behind a proxy.

    .venv/bin/python benchmarks/worn_line.py BUNDLE CLIPS... --clips 1000 --rate 0.0001

--rate is the share of bytes that are changed, lost or doubled, in both directions. Prints the verdicts, and how much
was sent again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))

from fault_proxy import Worn, faulty

from tinykws.boards.rows import find_board
from tinykws.device.session_log import SENT, read_entries
from tinykws.model.bundle import load_bundle
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.verify import find_clips, verify


def main() -> int:
    """Reads the command line, runs, prints; returns 0 if every clip got the correct verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("paths", type=Path, nargs="+", metavar="CLIPS")
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--kinds", nargs="+", default=["turned", "lost", "doubled"])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    bundle, board = load_bundle(arguments.bundle), find_board("host")
    clips = list(find_clips(arguments.paths, bundle.labels))
    clips = random.Random(arguments.seed).sample(clips, arguments.clips)
    fault = Worn(arguments.rate, *arguments.kinds, seed=arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        generate(bundle, board, None, Path(folder, "project"))
        program = build(Path(folder, "project"), board).program
        log_path = Path(folder, "verify.jsonl")
        began = time.monotonic()
        with faulty(board, program, fault) as port:
            report = verify(bundle, board, port.url, clips, timeout_s=30.0, log_path=log_path, port_access=port)
        took = time.monotonic() - began
        syncs = sum(
            entry.text.startswith("!SYNC") for entry in read_entries(log_path.read_text()) if entry.kind == SENT
        )
    attempts = Counter(clip.attempts for clip in report.clips)
    how_often = f"one byte in {1 / arguments.rate:,.0f} {'/'.join(arguments.kinds)}"
    print(f"model {bundle.model_id}, {len(clips)} clips, {how_often}")
    print(f"right verdicts: {report.equal_clips} of {len(clips)}; bytes damaged: {fault.happened:,}")
    print(f"attempts a clip: {dict(attempts)}; !SYNC sent: {syncs:,}; {took:.0f} s")
    print("PASS" if report.passed else f"FAIL: {report.reason}")
    return 0 if report.passed and report.equal_clips == len(clips) else 1


if __name__ == "__main__":
    sys.exit(main())
