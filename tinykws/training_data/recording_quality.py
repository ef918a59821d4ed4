# SPDX-License-Identifier: Apache-2.0
"""Checks the recording quality of clips: too short, too faint, clipped, or cut off. A person decides what to remove.

The thresholds were chosen by inspecting Speech Commands, whose known defects are short, silent and cut-off clips.
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
    TWICE: "the same audio exists under another label or split",
    SHORT: "too short to hold a word",
    FAINT: "no word is louder than the noise",
    CLIPPED: "too loud for the recorder",
    CUT: "the word runs into an end of the recording",
    LABEL: "sounds like another label",
}
FRAME_MS = 10
SHORT_OF_CLIP = 0.6
"""Least share of the clip length; the shortest good clips of Speech Commands last 0.6 s."""
FAINT_DB = 12.0
"""Least level of the loudest 30 ms above the quietest fifth, in dB."""
CLIPPED_RUN = 3
"""This many samples in a row at full scale are clipped; an undistorted wave has fewer."""
CLIPPED_RUNS = 5
"""Runs of clipped samples from which a recording is reported."""
EDGE_MS = 30
CUT_BELOW_PEAK_DB = 12.0
CUT_ABOVE_FLOOR_DB = 15.0


@dataclasses.dataclass(frozen=True)
class ClipIssue:
    """A reason to check a clip."""

    kind: str
    """A key of KINDS."""
    detail: str
    """The measured value, as text."""
    severity: float
    """Orders the clips of one kind, the highest first."""


def find_issues(samples: Samples, sample_rate_hz: int, clip_ms: int) -> list[ClipIssue]:
    """Returns the issues of a recording of a word, int16 [n] as recorded: neither padded nor cut."""
    found = [
        _short(samples.size * 1000 / sample_rate_hz, clip_ms),
        _clipped(samples),
        *_level_issues(levels_dbfs(samples, sample_rate_hz * FRAME_MS // 1000)),
    ]
    return [issue for issue in found if issue is not None]


def _short(length_ms: float, clip_ms: int) -> ClipIssue | None:
    if length_ms >= SHORT_OF_CLIP * clip_ms:
        return None
    return ClipIssue(SHORT, f"{length_ms:.0f} of {clip_ms} ms", 1 - length_ms / clip_ms)


def _clipped(samples: Samples) -> ClipIssue | None:
    at_limit = (samples >= FULL_SCALE - 1) | (samples <= -FULL_SCALE + 1)
    starts = np.flatnonzero(np.diff(at_limit.astype(np.int8), prepend=0) == 1)
    ends = np.flatnonzero(np.diff(at_limit.astype(np.int8), append=0) == -1)
    runs = int(np.count_nonzero(ends - starts + 1 >= CLIPPED_RUN))
    return ClipIssue(CLIPPED, f"{runs} flat peaks at full scale", runs) if runs >= CLIPPED_RUNS else None


def _level_issues(levels: npt.NDArray[np.float64]) -> list[ClipIssue | None]:
    edge = EDGE_MS // FRAME_MS
    if levels.size < 2 * edge:
        return []
    smooth = np.convolve(levels, np.full(edge, 1 / edge), "valid")
    peak, floor = float(smooth.max()), float(np.percentile(levels, 20))
    if peak - floor < FAINT_DB:
        return [ClipIssue(FAINT, f"its loudest part is {peak - floor:.0f} dB above its quietest", floor - peak)]
    return [_cut(where, float(level), peak, floor) for where, level in (("start", smooth[0]), ("end", smooth[-1]))]


def _cut(where: str, level: float, peak: float, floor: float) -> ClipIssue | None:
    if level < peak - CUT_BELOW_PEAK_DB or level < floor + CUT_ABOVE_FLOOR_DB:
        return None
    return ClipIssue(CUT, f"its {where} is {peak - level:.0f} dB below its loudest part", level - peak)
