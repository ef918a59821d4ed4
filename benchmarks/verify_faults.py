"""What becomes of a run of verify when the line or the device fails: a table of faults, in verify_faults.md.

    .venv/bin/python benchmarks/verify_faults.py BUNDLE CLIPS... [--clips 20] [--write]

Each fault is done by the tests' proxy to the host board's firmware, in the second clip or all along the line.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fault_proxy import Babbling, Delayed, Fault, Gone, Replaced, Reset, Silent, Worn, faulty

from tinykws.boards import find_board
from tinykws.bundle import load_bundle
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.verify import find_clips, verify

OTHER = "kws ready proto=2 board=host engine=aot model=ffffffffffff line=740 window=15 labels=a,b,c"
BOTH, IN_CLIP = "both ways, all along", "in the second clip"
FAULTS: tuple[tuple[str, str, Callable[[], Fault]], ...] = (
    ("none", "-", Fault),
    ("1 byte in 10,000 turned", BOTH, lambda: Worn(1e-4, "turned")),
    ("1 byte in 10,000 lost", BOTH, lambda: Worn(1e-4, "lost")),
    ("1 byte in 10,000 doubled", BOTH, lambda: Worn(1e-4, "doubled")),
    ("1 byte in 1,000 turned, lost or doubled", BOTH, lambda: Worn(1e-3, "turned", "lost", "doubled")),
    ("delayed, in pieces", "to the host, all along", Delayed),
    ("reset", IN_CLIP, Reset),
    ("port gone for 5 s", IN_CLIP, lambda: Gone(5.0)),
    ("port gone for good", IN_CLIP, lambda: Gone(None)),
    ("silent once", IN_CLIP, Silent),
    ("silent in three attempts", IN_CLIP, lambda: Silent(times=3)),
    ("silent for good", IN_CLIP, lambda: Silent(for_good=True)),
    ("babbling noise", IN_CLIP, lambda: Babbling(b"\xfe\x00bzzzt\n" * 50)),
    ("babbling results without checks", IN_CLIP, lambda: Babbling(b"kws scores at=990 1 2 3\n" * 50)),
    ("babbling without a line's end", IN_CLIP, lambda: Babbling(b"\x55" * 4096)),
    ("another firmware", IN_CLIP, lambda: Replaced(OTHER)),
)
TITLES = ("fault", "where", "happened", "clips", "right", "tried again", "failed by name", "not sent", "wrong verdicts")


def main() -> int:
    """Reads the command line, runs all faults, prints or writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("paths", type=Path, nargs="+", metavar="CLIPS")
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    bundle, board = load_bundle(arguments.bundle), find_board("host")
    clips = random.Random(1).sample(list(find_clips(arguments.paths, bundle.labels)), arguments.clips)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        generate(bundle, board, None, Path(folder, "project"))
        program = build(Path(folder, "project"), board).program
        for name, where, make in FAULTS:
            fault = make()
            with faulty(board, program, fault) as url:
                report = verify(bundle, board, url, clips, timeout_s=5.0, return_s=10.0)
            failed = [clip for clip in report.clips if not clip.equal]
            not_sent = [clip for clip in failed if clip.reason.startswith("not sent")]
            by_difference = [clip for clip in failed if "differ" in clip.reason]
            again = sum(clip.attempts > 1 for clip in report.clips)
            cells = (fault.happened, len(clips), report.equal_clips, again, len(failed) - len(not_sent), len(not_sent))
            rows.append((name, where, *map(str, cells), str(len(by_difference))))
            print(*rows[-1], report.ended, sep=" | ", flush=True)
    text = "\n".join("| " + " | ".join(row) + " |" for row in (TITLES, ("---",) * len(TITLES), *rows))
    if arguments.write:
        head = f"Written by `benchmarks/verify_faults.py --write`; do not edit. Model {bundle.model_id}, host board."
        Path(__file__).with_suffix(".md").write_text(f"# What a run of verify survives\n\n{head}\n\n{text}\n")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
