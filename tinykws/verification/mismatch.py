# SPDX-License-Identifier: Apache-2.0
"""Finds where device and host first differ along the pipeline, and says what that means.

Sound passes transport, features, scores and detector, in this order; differences after the first one follow from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import zip_longest
from typing import TypeVar

import numpy as np

from tinykws.device.protocol import Heard, Scores
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.verification.pipeline_trace import PipelineTrace

TimedLine = TypeVar("TimedLine", Scores, Heard)

TRANSPORT, FEATURES, SCORES, DETECTOR, NOWHERE = STAGES = ("transport", "features", "scores", "detector", "nowhere")


@dataclasses.dataclass(frozen=True)
class Mismatch:
    """The first difference."""

    stage: str
    """One of STAGES; nowhere: when the sound was sent again, everything was equal."""
    where: str
    """The position, and both values."""
    advice: str
    """What it means and what to check."""

    def to_line(self) -> str:
        """Returns stage, position and values as one line."""
        return f"{self.stage}: {self.where}"


def audio_mismatch(refusal: str) -> Mismatch:
    """Returns the mismatch of a device that refused the audio because of its CRC; `refusal` is its message."""
    return Mismatch(
        TRANSPORT,
        refusal,
        "The device did not receive the audio that was sent. A damaged line is normally sent again; this audio failed"
        " repeatedly: the device's base64 decoder or CRC is wrong, or its receive buffer is smaller than its banner"
        " says (line= x window=).",
    )


def first_mismatch(
    device: PipelineTrace, host: PipelineTrace, frontend: FrontendSettings, lead_in_ms: int = 0
) -> Mismatch:
    """Returns where the two sides first differ; its stage is NOWHERE if they do not.

    Args:
        device: one side.
        host: the other.
        frontend: the front-end's settings.
        lead_in_ms: what precedes the sound; times count from the sound's start, those in the lead-in are negative.
    """
    return (
        _features(device, host, frontend, lead_in_ms)
        or _scores(_from_start(device.scores, lead_in_ms), _from_start(host.scores, lead_in_ms))
        or _detector(_from_start(device.heard, lead_in_ms), _from_start(host.heard, lead_in_ms))
        or Mismatch(
            NOWHERE,
            "when it was sent again, everything was equal",
            "The device does not always compute the same results from the same sound: overwritten memory (stack, arena,"
            " an interrupt), an unstable power supply, or a chip clocked too fast.",
        )
    )


def _from_start(lines: Sequence[TimedLine], lead_in_ms: int) -> list[TimedLine]:
    return [dataclasses.replace(line, time_ms=line.time_ms - lead_in_ms) for line in lines]


def _features(
    device: PipelineTrace, host: PipelineTrace, frontend: FrontendSettings, lead_in_ms: int
) -> Mismatch | None:
    theirs, ours = device.features, host.features
    n = min(len(theirs), len(ours))
    unequal = np.argwhere(theirs[:n] != ours[:n])
    if len(unequal) == 0:
        return _frame_count(len(theirs), len(ours))
    frame, channel = map(int, unequal[0])
    largest = int(np.abs(theirs[:n].astype(int) - ours[:n]).max())
    frames = len(np.unique(unequal[:, 0]))
    time_ms = frontend.window_ms + frame * frontend.stride_ms - lead_in_ms
    return Mismatch(
        FEATURES,
        f"frame {frame} (ends at {time_ms} ms), channel {channel}: {theirs[frame, channel]} on the device,"
        f" {ours[frame, channel]} on the host; {len(unequal)} of {n * frontend.n_mels} values in {frames} of {n} frames"
        f" differ, by {largest} at most",
        _features_advice(frame, largest),
    )


def _frame_count(theirs: int, ours: int) -> Mismatch | None:
    if theirs == ours:
        return None
    return Mismatch(
        FEATURES,
        f"{theirs} frames on the device, {ours} on the host; the frames that both have are equal",
        "The device lost samples or framed them differently: its sample rate, analysis window or stride are not the"
        " bundle's (include/kws_settings.h), or its tail of silence has a different length.",
    )


def _features_advice(frame: int, largest: int) -> str:
    if frame == 0:
        place = (
            "The first frame differs, and it depends on nothing before it: the tables (src/kws_frontend_config.c:"
            " window, FFT, mel filters) are not the bundle's, or the compiler miscompiles lib/kws_frontend/kws_fft.c or"
            " kws_filterbank.c."
        )
    else:
        place = (
            f"The first {frame} frames are equal: either the state between frames is wrong (noise estimate and gain:"
            " kws_noise_reduction.c, kws_pcan.c), or a table entry that only this sound uses."
        )
    rounding = (
        " By 1 only: a rounding difference, such as how the compiler shifts negative numbers." if largest == 1 else ""
    )
    return f"{place}{rounding} Build the firmware again from this bundle; then try other compiler options (-O1)."


def _scores(theirs: Sequence[Scores], ours: Sequence[Scores]) -> Mismatch | None:
    for number, (device, host) in enumerate(zip_longest(theirs, ours)):
        if device != host:
            return Mismatch(
                SCORES,
                f"inference {number}: {_inference(device)} on the device, {_inference(host)} on the host",
                _scores_advice(number),
            )
    return None


def _inference(line: Scores | None) -> str:
    return "none" if line is None else f"{' '.join(map(str, line.scores))} at {line.time_ms} ms"


def _scores_advice(number: int) -> str:
    if number == 0:
        place = (
            "The features are equal, the first inference is not: the weights are not the bundle's, or a kernel of the"
            " engine computes differently on this processor. Try the other engine (--engine), if the board has one."
        )
    else:
        place = (
            f"The features and the first {number} inferences are equal: data in the model's memory survives from one"
            " inference to the next, or this sound takes a code path that the others did not (saturation)."
        )
    return f"{place} Build the firmware again from this bundle; then try other compiler options (-O1)."


def _detector(theirs: Sequence[Heard], ours: Sequence[Heard]) -> Mismatch | None:
    for device, host in zip_longest(theirs, ours):
        if device != host:
            return Mismatch(
                DETECTOR,
                f"{_heard(device)} on the device, {_heard(host)} on the host",
                "Features and scores are equal, the detections are not: threshold, averaging or suppression in the"
                " device's include/kws_settings.h are not the bundle's. Build the firmware again from this bundle.",
            )
    return None


def _heard(line: Heard | None) -> str:
    return "nothing" if line is None else line.to_line().removeprefix("Heard ")
