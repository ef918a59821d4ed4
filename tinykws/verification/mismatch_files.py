# SPDX-License-Identifier: Apache-2.0
"""Writes both sides of a mismatch to files: CSV for a spreadsheet, NumPy arrays to compute with."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.device.protocol import Scores
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.verification.mismatch import Mismatch
from tinykws.verification.pipeline_trace import PipelineTrace

FOLDER = "verify_mismatches"
ARRAYS, FEATURES_CSV, SCORES_CSV, WORDS = "both_sides.npz", "features.csv", "scores.csv", "mismatch.txt"
NO_SCORE = int(np.iinfo(np.int64).min)
"""In place of a score that a device did not send."""


def fresh_mismatch_folder(log_path: Path) -> Path:
    """Returns the folder for mismatch files next to a log; removes those of the previous run."""
    folder = log_path.parent / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def write_mismatch(folder: Path, clip: str, mismatch: Mismatch) -> None:
    """Writes mismatch.txt: where the mismatch is, and what to check."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WORDS).write_text(f"{clip}\n{mismatch.to_line()}\n\n{mismatch.advice}\n", encoding="utf-8")


def write_both_sides(folder: Path, device: PipelineTrace, host: PipelineTrace, frontend: FrontendSettings) -> None:
    """Writes what both sides computed.

    `both_sides.npz` holds device_features and host_features (int8 [frames, n_mels]), device_scores and host_scores
    (int64 [inferences, n_labels], NO_SCORE where a device sent fewer) and their device_times_ms, host_times_ms.
    `features.csv` has a row for each value that differs, `scores.csv` one for each inference.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / ARRAYS, **_arrays("device", device), **_arrays("host", host))
    _write_csv(
        folder / FEATURES_CSV, ("frame", "end_ms", "channel", "device", "host"), _features(device, host, frontend)
    )
    _write_csv(folder / SCORES_CSV, ("inference", "end_ms", "device", "host", "equal"), _scores(device, host))


def _arrays(side: str, trace: PipelineTrace) -> dict[str, Any]:
    return {
        f"{side}_features": trace.features,
        f"{side}_scores": _table([line.scores for line in trace.scores]),
        f"{side}_times_ms": np.array([line.time_ms for line in trace.scores], np.int64),
    }


def _table(rows: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
    """Returns rows of numbers as an array, NO_SCORE where a row is shorter: devices may send any."""
    table = np.full((len(rows), max(map(len, rows), default=0)), NO_SCORE)
    for at, row in enumerate(rows):
        table[at, : len(row)] = row
    return table


def _features(device: PipelineTrace, host: PipelineTrace, frontend: FrontendSettings) -> Iterator[Sequence[object]]:
    n = min(len(device.features), len(host.features))
    for frame, channel in np.argwhere(device.features[:n] != host.features[:n]):
        end_ms = frontend.window_ms + frame * frontend.stride_ms
        yield (frame, end_ms, channel, device.features[frame, channel], host.features[frame, channel])


def _scores(device: PipelineTrace, host: PipelineTrace) -> Iterator[Sequence[object]]:
    for number, (theirs, ours) in enumerate(zip_longest(device.scores, host.scores)):
        times = [line.time_ms for line in (theirs, ours) if line is not None]
        yield (number, times[0], _text(theirs), _text(ours), "yes" if theirs == ours else "NO")


def _text(line: Scores | None) -> str:
    return "" if line is None else " ".join(map(str, line.scores))


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
