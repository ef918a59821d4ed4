# SPDX-License-Identifier: Apache-2.0
"""Wake words and keywords on recordings of people whom nobody trained or tuned on: all detectors, the same code.

    .venv/bin/python benchmarks/strangers.py NAME[/SEED]=BUNDLE...
        [--microwakeword [WORD...]] [--openwakeword [WORD...]]
        --word-clips [WORD=]FOLDER... --speech KIND=FILE... --other-words KIND=FOLDER... [--write] [--json]
    .venv/bin/python benchmarks/strangers.py --page                                  only writes the page again

    .venv/bin/python benchmarks/strangers.py computer=hello/build/bundle --word-clips wake_words/computer \\
        --speech orders=orders.flac read=librispeech.flac noise=musan/noise --other-words words=words
    .venv/bin/python benchmarks/strangers.py yes-no/1=a/bundle yes-no/2=b/bundle --word-clips yes=sc/yes no=sc/no \\
        --listed sc/validation_list.txt --speech orders=orders.flac --other-words commands=sc

What is counted: the recall on clips of people who say the word, false accepts per hour of each kind of speech, the
share of clips of other words in which a word was detected, and the latency after the word's end. First with the
threshold that each detector has, then with the threshold moved to at most 0.5, 1, 2, 5 and 10 false accepts per hour of
all ordinary speech. Detections of a word within 1.5 s count once.

Clips are played one after another with pauses of 1.5 to 3 s, over faint noise. A recording may list the words in it in
a .csv file of the same name (start_ms,end_ms,label). Nothing may be named here that a detector was trained or tuned on.

--write replaces the rows of these names in benchmarks/strangers.json and writes the page strangers.md; other rows stay.
Names that differ only by their SEED are one line: counts are added up. Scores are kept in the user's cache by the
hashes of models and recordings, so a second run takes seconds. microWakeWord's and openWakeWord's detectors need other
packages: pip install pymicro-wakeword openwakeword==0.5.1
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hearing.detectors import BundleDetector, Detector
from hearing.figures import Trial
from hearing.listening import listen_to_all
from hearing.material import (
    NOT_ORDINARY,
    Material,
    by_kind,
    by_word,
    identity_of,
    listed_in,
    other_streams,
    plain_word,
    speech_streams,
    word_streams,
)
from hearing.packages import micro_wake_words, open_wake_words
from hearing.page import page_of, section_of

from tinykws.cli.console import ConsoleProgress
from tinykws.evaluation.timeline import MS_PER_HOUR
from tinykws.model.bundle import load_bundle
from tinykws.support.errors import ConfigError, TinykwsError
from tinykws.support.files import write_json, write_text_if_changed
from tinykws.support.progress import Progress
from tinykws.support.user_cache import user_cache_dir

FOLDER = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the detectors named on the command line; prints tables or JSON, and keeps the rows with --write."""
    options = _parser().parse_args(arguments)
    try:
        rows = {} if options.page else measured(options, ConsoleProgress())
    except TinykwsError as error:
        print(f"error: {error}" + (f"\nhint: {error.hint}" if error.hint else ""), file=sys.stderr)
        return 1
    if options.write or options.page:
        kept = {**_kept(options.into), **rows}
        write_json(options.into / "strangers.json", kept)
        write_text_if_changed(options.into / "strangers.md", page_of(kept))
    if options.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print(section_of(1, rows))
    return 0


def measured(options: argparse.Namespace, progress: Progress) -> dict[str, dict[str, Any]]:
    """Returns a row for each detector, by its name.

    Raises:
        ConfigError: a bundle, folder or file cannot be used.
        ToolError: a package is missing.
    """
    detectors = _detectors(options)
    material = _material(options, detectors)
    listeners = list({detector.listener.identity: detector.listener for detector in detectors}.values())
    heard = listen_to_all(listeners, material.streams, options.cache, progress=progress, processes=options.processes)
    rows = {}
    for detector in progress.track(detectors, "counting"):
        trial = Trial(detector, material, heard)
        rows[detector.name] = {
            "words": list(detector.words),
            "size_bytes": detector.size_bytes,
            "macs_per_second": detector.macs_per_second,
            "material": _described(material, options.seed),
            "configured": dataclasses.asdict(trial.figures_at(detector.configured)),
            "at_rates": [dataclasses.asdict(point) for point in trial.at_rates()],
        }
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="*", metavar="NAME[/SEED]=BUNDLE")
    parser.add_argument("--microwakeword", nargs="*", metavar="WORD", help="its shipped models; without a word, all")
    parser.add_argument("--openwakeword", nargs="*", metavar="WORD", help="its shipped models; without a word, all")
    parser.add_argument("--word-clips", nargs="+", default=[], metavar="[WORD=]FOLDER", help="one clip a file")
    parser.add_argument("--speech", nargs="+", default=[], metavar="KIND=FILE", help="without the words")
    parser.add_argument("--apart", nargs="+", default=[], metavar="KIND",
        help=f"kinds of --speech that are not ordinary speech; always: {', '.join(NOT_ORDINARY)}")  # fmt: skip
    parser.add_argument("--other-words", nargs="+", default=[], metavar="KIND=FOLDER", help="clips; a folder a word")
    parser.add_argument("--listed", type=Path, metavar="LIST", help="of clips below LIST's folder, only these")
    parser.add_argument("--seed", type=int, default=1, help="of order, pauses and noise")
    parser.add_argument("--cache", type=Path, default=user_cache_dir() / "strangers", help="keeps scores")
    parser.add_argument("--processes", type=int, help="default: one per processor")
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder of strangers.json and strangers.md")
    parser.add_argument("--write", action="store_true", help="keep the rows")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _detectors(options: argparse.Namespace) -> list[Detector]:
    detectors: list[Detector] = []
    for text in options.bundles:
        name, equals, path = text.rpartition("=")
        if not equals:
            raise ConfigError(f"{text!r} has no name", hint=f"NAME={text}")
        detectors.append(BundleDetector(name, load_bundle(Path(path))))
    if options.microwakeword is not None:
        detectors += micro_wake_words(options.microwakeword)
    if options.openwakeword is not None:
        detectors += open_wake_words(options.openwakeword)
    if not detectors:
        raise ConfigError("no detector is named", hint="NAME=BUNDLE, --microwakeword or --openwakeword")
    return detectors


def _material(options: argparse.Namespace, detectors: Sequence[Detector]) -> Material:
    folders, listed = by_word(options.word_clips), listed_in(options.listed)
    words = {*folders, *(plain_word(word) for detector in detectors for word in detector.words)}
    others = by_kind(options.other_words, "--other-words")
    material = Material(
        words=word_streams(folders, listed, options.seed),
        speech=speech_streams(by_kind(options.speech, "--speech")),
        others=other_streams(others, words, listed, options.seed),
        apart=(*NOT_ORDINARY, *options.apart),
    )
    if not material.streams:
        raise ConfigError("no recordings are named", hint="--word-clips, --speech or --other-words")
    return material


def _described(material: Material, seed: int) -> dict[str, Any]:
    identities = [identity_of(stream) for stream in material.streams]
    clips = {
        group: {name: sum(len(stream.placed) for stream in streams) for name, streams in named.items()}
        for group, named in (("words", material.words), ("others", material.others))
    }
    return {
        "sha256": hashlib.sha256(repr((identities, material.ordinary)).encode()).hexdigest(),
        "seed": seed,
        **clips,
        "clips_without_speech": sum(
            not one.has_speech for streams in material.words.values() for stream in streams for one in stream.placed
        ),
        "speech": {
            kind: sum(stream.duration_ms for stream in streams) / MS_PER_HOUR
            for kind, streams in material.speech.items()
        },
        "ordinary": list(material.ordinary),
    }


def _kept(folder: Path) -> dict[str, Any]:
    path = folder / "strangers.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


if __name__ == "__main__":
    raise SystemExit(main())
