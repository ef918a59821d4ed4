# SPDX-License-Identifier: Apache-2.0
"""What makes a recording of a word suspicious: things a person should look at, and decide.

The limits were set by looking at and listening to Speech Commands, whose known defects are short, silent and cut clips.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tinykws.audio.levels import levels_dbfs
from tinykws.audio.samples import FULL_SCALE, Samples

SHORT, FAINT, CLIPPED, CUT, LABEL, TWICE, UNFIT = "short", "faint", "clipped", "cut", "label", "twice", "unfit"
KINDS = {
    UNFIT: "cannot be used: prepare leaves it out",
    TWICE: "the same sound stands elsewhere",
    SHORT: "too short to hold a word",
    FAINT: "no word stands out of the noise",
    CLIPPED: "too loud for the recorder",
    CUT: "the word runs into an end of the recording",
    LABEL: "sounds like another label",
}
FRAME_MS = 10
SHORT_OF_CLIP = 0.6
"""Of the clip's length; Speech Commands' shortest good clips have 0.6 s."""
FAINT_DB = 12.0
"""Least distance of the loudest 30 ms to the quietest fifth."""
CLIPPED_RUN = 3
"""So many equal samples at a limit in a row are no peak of a wave."""
CLIPPED_RUNS = 5
EDGE_MS = 30
CUT_BELOW_PEAK_DB = 12.0
CUT_ABOVE_FLOOR_DB = 15.0


@dataclasses.dataclass(frozen=True)
class Suspicion:
    """Something about one clip."""

    kind: str
    """A key of KINDS."""
    words: str
    """What was measured."""
    weight: float
    """The more, the more suspicious, among those of its kind."""


def suspicions_of(samples: Samples, sample_rate_hz: int, clip_ms: int) -> list[Suspicion]:
    """Returns what is suspicious about a recording int16 [n] of a word, as it was recorded: neither padded nor cut."""
    found = [
        _short(samples.size * 1000 / sample_rate_hz, clip_ms),
        _clipped(samples),
        *_of_levels(levels_dbfs(samples, sample_rate_hz * FRAME_MS // 1000)),
    ]
    return [suspicion for suspicion in found if suspicion is not None]


def _short(length_ms: float, clip_ms: int) -> Suspicion | None:
    if length_ms >= SHORT_OF_CLIP * clip_ms:
        return None
    return Suspicion(SHORT, f"{length_ms:.0f} of {clip_ms} ms", 1 - length_ms / clip_ms)


def _clipped(samples: Samples) -> Suspicion | None:
    at_limit = (samples >= FULL_SCALE - 1) | (samples <= -FULL_SCALE + 1)
    starts = np.flatnonzero(np.diff(at_limit.astype(np.int8), prepend=0) == 1)
    ends = np.flatnonzero(np.diff(at_limit.astype(np.int8), append=0) == -1)
    runs = int(np.count_nonzero(ends - starts + 1 >= CLIPPED_RUN))
    return Suspicion(CLIPPED, f"{runs} flat peaks at full scale", runs) if runs >= CLIPPED_RUNS else None


def _of_levels(levels: npt.NDArray[np.float64]) -> list[Suspicion | None]:
    edge = EDGE_MS // FRAME_MS
    if levels.size < 2 * edge:
        return []
    smooth = np.convolve(levels, np.full(edge, 1 / edge), "valid")
    peak, floor = float(smooth.max()), float(np.percentile(levels, 20))
    if peak - floor < FAINT_DB:
        return [Suspicion(FAINT, f"its loudest part is {peak - floor:.0f} dB above its quietest", floor - peak)]
    return [_cut(where, float(level), peak, floor) for where, level in (("start", smooth[0]), ("end", smooth[-1]))]


def _cut(where: str, level: float, peak: float, floor: float) -> Suspicion | None:
    if level < peak - CUT_BELOW_PEAK_DB or level < floor + CUT_ABOVE_FLOOR_DB:
        return None
    return Suspicion(CUT, f"its {where} is {peak - level:.0f} dB below its loudest part", level - peak)
