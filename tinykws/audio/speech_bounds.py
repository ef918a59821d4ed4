# SPDX-License-Identifier: Apache-2.0
"""Finds the speech in a recording, and cuts a clip around it."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tinykws.audio.levels import dbfs, defect_of, levels_dbfs
from tinykws.audio.samples import Samples

STEP_MS = 10
ABOVE_FLOOR_DB = 12.0
"""Speech must exceed the noise floor by this; the noise itself varies by a few dB from step to step."""
BELOW_PEAK_DB = 35.0
"""Steps that are fainter than the loudest one by more than this are breath or echo."""
LOWEST_LOUD_DBFS = -60.0
"""Anything fainter is not speech that a model could learn, however quiet the room."""
LONGEST_GAP_MS = 250
"""Longest pause within a word or phrase: the t of "stop" is silent for 100 ms."""
SHORTEST_SPEECH_MS = 60
"""Anything shorter is a click."""
MARGIN_MS = 80
"""Sound kept before and after, for consonants too faint to be detected."""
WHOLE_SHARE = 0.1
"""A sound with a tenth of the energy of the loudest one may still be the word."""
FAINT_DBFS = -36.0
"""A recording with a lower peak is faint; usual recordings have -20 to -3."""


@dataclasses.dataclass(frozen=True)
class CutClip:
    """A clip cut from a recording, and its quality."""

    samples: Samples
    """int16 [clip length], with the speech in the middle."""
    speech_ms: int
    peak_dbfs: float
    defects: tuple[str, ...]
    """Why it should be recorded again; empty if it is good."""


def speech_bounds(samples: Samples, sample_rate_hz: int) -> tuple[int, int] | None:
    """Returns start and end (exclusive) of the speech in int16 [n], or None if there is none."""
    step = STEP_MS * sample_rate_hz // 1000
    if samples.size < step:
        return None
    levels = levels_dbfs(samples, step)
    floor = float(np.percentile(levels, 20))
    threshold = max(floor + ABOVE_FLOOR_DB, float(levels.max()) - BELOW_PEAK_DB, LOWEST_LOUD_DBFS)
    runs = _runs(levels > threshold, LONGEST_GAP_MS // STEP_MS)
    runs = [(first, last) for first, last in runs if (last - first) * STEP_MS >= SHORTEST_SPEECH_MS]
    if not runs:
        return None
    first, last = _speech_of(runs, 10 ** (levels / 10))
    return first * step, min(last * step, samples.size)


def _speech_of(runs: list[tuple[int, int]], power: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Returns the loudest run. A run that lies completely inside the recording is preferred (others are a key press at
    the start, or the end of the word before), unless it is much fainter."""
    margin = MARGIN_MS // STEP_MS
    strength = {run: float(power[run[0] : run[1]].sum()) for run in runs}
    strongest = max(runs, key=lambda run: strength[run])
    whole = [run for run in runs if run[0] >= margin and power.size - run[1] >= margin]
    best = max(whole, key=lambda run: strength[run], default=strongest)
    return best if strength[best] >= WHOLE_SHARE * strength[strongest] else strongest


def cut_clip(samples: Samples, clip_samples: int, sample_rate_hz: int) -> CutClip | None:
    """Returns the clip around the speech of a recording int16 [n], with the speech centred; None without speech.

    Around the speech the clip holds the recording's own sound, and zeros beyond its ends.
    """
    found = speech_bounds(samples, sample_rate_hz)
    if found is None:
        return None
    margin = MARGIN_MS * sample_rate_hz // 1000
    start = (found[0] + found[1] - clip_samples) // 2
    before, after = max(0, -start), max(0, start + clip_samples - samples.size)
    clip = np.pad(samples, (before, after))[start + before : start + before + clip_samples]
    return CutClip(
        samples=clip,
        speech_ms=(found[1] - found[0]) * 1000 // sample_rate_hz,
        peak_dbfs=dbfs(float(np.abs(clip.astype(np.int32)).max())),
        defects=tuple(_defects(samples, clip, found, margin, sample_rate_hz)),
    )


def _defects(samples: Samples, clip: Samples, found: tuple[int, int], margin: int, sample_rate_hz: int) -> list[str]:
    defects = []
    if found[0] < margin:
        defects.append("it is cut off at the start: speak a moment later")
    if samples.size - found[1] < margin:
        defects.append("it is cut off at the end: speak a little earlier, or faster")
    if found[1] - found[0] > clip.size:
        defects.append(f"it is longer than the clip of {clip.size * 1000 // sample_rate_hz} ms")
    if dbfs(float(np.abs(clip.astype(np.int32)).max())) < FAINT_DBFS:
        defects.append("it is faint: speak louder, come closer, or turn the microphone up")
    defect = defect_of(clip, sample_rate_hz)
    return defects + ([defect] if defect else [])


def _runs(loud: npt.NDArray[np.bool_], longest_gap: int) -> list[tuple[int, int]]:
    """Returns [first, last) of the runs of loud steps; a run may contain gaps of up to `longest_gap` steps."""
    runs: list[tuple[int, int]] = []
    for at in np.flatnonzero(loud).tolist():
        if runs and at - runs[-1][1] <= longest_gap:
            runs[-1] = (runs[-1][0], at + 1)
        else:
            runs.append((at, at + 1))
    return runs
