# SPDX-License-Identifier: Apache-2.0
"""Results of verify when the transport or the device fails: two tables of faults, in verify_faults.md.

    .venv/bin/python benchmarks/verify_faults.py BUNDLE CLIPS... [--clips 20] [--write]

The tests' proxy injects each fault between host and the host board's firmware: throughout the session or in the second
clip, and again in the middle of a stream made of the same clips.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))

import numpy as np
from fault_proxy import Babbling, Delayed, Fault, Gone, Replaced, Reset, Silent, Worn, faulty

from tinykws.audio.files import read_audio, write_wav
from tinykws.audio.samples import SAMPLE_RATE_HZ
from tinykws.boards.rows import find_board
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.verify import ClipFile, find_clips, verify
from tinykws.stages.verify_stream import StreamFile, verify_stream

OTHER = "kws ready proto=2 board=host engine=aot model=ffffffffffff line=740 window=15 labels=a,b,c"
Make = Callable[..., Fault]
"""Of a fault; those that happen in a clip are told in which, and after how many bytes."""
ALL_ALONG: tuple[tuple[str, Make], ...] = (
    ("none", Fault),
    ("1 byte in 10,000 turned", lambda: Worn(1e-4, "turned")),
    ("1 byte in 10,000 lost", lambda: Worn(1e-4, "lost")),
    ("1 byte in 10,000 doubled", lambda: Worn(1e-4, "doubled")),
    ("1 byte in 1,000 turned, lost or doubled", lambda: Worn(1e-3, "turned", "lost", "doubled")),
    ("delayed, in pieces", Delayed),
)
IN_THE_MIDDLE: tuple[tuple[str, Make], ...] = (
    ("reset", Reset),
    ("reset in every attempt", lambda **where: Reset(times=3, **where)),
    ("port gone for 5 s", lambda **where: Gone(5.0, **where)),
    ("port gone for good", lambda **where: Gone(None, **where)),
    ("silent once", Silent),
    ("silent in every attempt", lambda **where: Silent(times=3, **where)),
    ("silent for good", lambda **where: Silent(for_good=True, **where)),
    ("babbling noise", lambda **where: Babbling(b"\xfe\x00bzzzt\n" * 50, **where)),
    ("babbling results without checks", lambda **where: Babbling(b"kws scores at=990 1 2 3\n" * 50, **where)),
    ("babbling without a line's end", lambda **where: Babbling(b"\x55" * 4096, **where)),
    ("another firmware", lambda **where: Replaced(OTHER, **where)),
)
SECOND_CLIP = {"clip": 2, "after_bytes": 15_000}
MIDDLE_OF_STREAM = {"clip": 1, "after_bytes": 800_000}
OF_CLIPS = ("fault", "happened", "clips", "right", "tried again", "failed by name", "not sent", "wrong verdicts")
OF_STREAM = ("fault", "happened", "attempts", "verdict", "s heard", "inferences", "detections", "of the host", "differ")
TIMEOUT_S, RETURN_S = 5.0, 10.0


def main() -> int:
    """Reads the command line, runs all faults, prints or writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("paths", type=Path, nargs="+", metavar="CLIPS")
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    bundle, board = load_bundle(arguments.bundle), find_board("host")
    clips = random.Random(1).sample(list(find_clips(arguments.paths, bundle.labels)), arguments.clips)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(bundle, board, None, folder / "project")
        program = build(folder / "project", board).program
        stream = _stream_of(clips, folder / "stream.wav")
        clip_rows = [_clips_row(bundle, program, clips, name, fault) for name, fault in _faults_in(SECOND_CLIP)]
        stream_rows = [
            _stream_row(bundle, program, stream, name, fault) for name, fault in _faults_in(MIDDLE_OF_STREAM)
        ]
    text = _text(bundle, clip_rows, stream_rows)
    if arguments.write:
        Path(__file__).with_suffix(".md").write_text(text)
    else:
        print(text)
    return 0


def _faults_in(where: dict[str, int]) -> Iterator[tuple[str, Fault]]:
    for name, make in ALL_ALONG:
        yield name, make()
    for name, make in IN_THE_MIDDLE:
        yield name, make(**where)


def _clips_row(bundle: Bundle, program: Path, clips: list[ClipFile], name: str, fault: Fault) -> tuple[str, ...]:
    board = find_board("host")
    with faulty(board, program, fault) as port:
        report = verify(*(bundle, board, port.url, clips), timeout_s=TIMEOUT_S, port_access=port, return_s=RETURN_S)
    failed = [clip for clip in report.clips if not clip.equal]
    not_sent = [clip for clip in failed if clip.reason.startswith("not sent")]
    wrong = [clip for clip in failed if "differ" in clip.reason]
    again = sum(clip.attempts > 1 for clip in report.clips)
    cells = (fault.happened, len(clips), report.equal_clips, again, len(failed) - len(not_sent), len(not_sent))
    return _told(name, *cells, len(wrong))


def _stream_row(bundle: Bundle, program: Path, stream: StreamFile, name: str, fault: Fault) -> tuple[str, ...]:
    board, log_path = find_board("host"), stream.path.with_suffix(".jsonl")
    with faulty(board, program, fault) as port:
        report = verify_stream(
            *(bundle, board, port.url, stream),
            log_path=log_path, timeout_s=TIMEOUT_S, port_access=port, return_s=RETURN_S,
        )  # fmt: skip
    verdict = report.verdict
    word = "PASS" if report.passed else "FAIL, run ended" if report.ended else "FAIL"
    differences = sum(bool(attempt.difference) for attempt in verdict.attempts)
    heard = verdict.inferences, len(verdict.device_detections), len(verdict.host_detections)
    return _told(
        name, fault.happened, len(verdict.attempts), word, f"{verdict.heard_ms / 1000:.1f}", *heard, differences
    )


def _told(*cells: object) -> tuple[str, ...]:
    row = tuple(map(str, cells))
    print(*row, sep=" | ", flush=True)
    return row


def _stream_of(clips: list[ClipFile], path: Path) -> StreamFile:
    """The clips, one after the other, a second of silence behind each."""
    silence = np.zeros(SAMPLE_RATE_HZ, np.int16)
    sounds = [read_audio(clip.path, SAMPLE_RATE_HZ).samples for clip in clips]
    write_wav(path, np.concatenate([piece for sound in sounds for piece in (sound, silence)]))
    return StreamFile(path)


def _text(bundle: Bundle, clip_rows: list[tuple[str, ...]], stream_rows: list[tuple[str, ...]]) -> str:
    return f"""# What a run of verify survives

Written by `benchmarks/verify_faults.py --write`; do not edit. Model {bundle.model_id}, host board.
Damage is done both ways and all along the line, delay to the host; everything else happens once in the middle of a
clip, or of the stream, if not said otherwise.

## Clips

The fault happens in the second clip. A clip is tried three times, then it fails by the fault's name, never by a wrong
result.

{_table(OF_CLIPS, clip_rows)}

## A stream

The same clips as one stream, a second apart. It is tried twice; then it is judged as far as it was heard: detections
are those until then.

{_table(OF_STREAM, stream_rows)}
"""


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (titles, ("---",) * len(titles), *rows))


if __name__ == "__main__":
    sys.exit(main())
