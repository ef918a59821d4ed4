# SPDX-License-Identifier: Apache-2.0
"""Where device and host first part along the pipeline, and what that means.

Sound goes through transport, features, scores, detector, in this order; what comes after the first difference follows
from it and says nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from tinykws.device.protocol import Heard, Scores
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.verification.clip_trace import ClipTrace

TRANSPORT, FEATURES, SCORES, DETECTOR, NOWHERE = STAGES = ("transport", "features", "scores", "detector", "nowhere")


@dataclasses.dataclass(frozen=True)
class Mismatch:
    """The first difference."""

    stage: str
    """One of STAGES; nowhere: when it was sent again, all was equal."""
    where: str
    """The place, and both values."""
    advice: str
    """What it means and what to look at, for a person."""

    def to_line(self) -> str:
        """Returns place and values as one line."""
        return f"{self.stage}: {self.where}"


def audio_mismatch(refusal: str) -> Mismatch:
    """Returns the mismatch of a device that refused the audio for its CRC; `refusal` is what it said."""
    return Mismatch(
        TRANSPORT,
        refusal,
        "The device did not get the sound that was sent. A bad line now and then is mended by sending again; this one"
        " failed again and again: its base64 decoder or CRC is wrong, or its receive buffer is smaller than what its"
        " banner promises (line= x window=).",
    )


def first_mismatch(device: ClipTrace, host: ClipTrace, frontend: FrontendSettings) -> Mismatch:
    """Returns where the two sides first differ; NOWHERE where they do not."""
    return (
        _features(device, host, frontend)
        or _scores(device.scores, host.scores)
        or _detector(device.heard, host.heard)
        or Mismatch(
            NOWHERE,
            "sent once more, all was equal",
            "The device does not always compute the same from the same sound: memory that something overwrites (stack,"
            " arena, an interrupt), a supply that sags, or a chip clocked too fast.",
        )
    )


def _features(device: ClipTrace, host: ClipTrace, frontend: FrontendSettings) -> Mismatch | None:
    theirs, ours = device.features, host.features
    n = min(len(theirs), len(ours))
    unequal = np.argwhere(theirs[:n] != ours[:n])
    if len(unequal) == 0:
        return _frame_count(len(theirs), len(ours))
    frame, channel = map(int, unequal[0])
    largest = int(np.abs(theirs[:n].astype(int) - ours[:n]).max())
    frames = len(np.unique(unequal[:, 0]))
    time_ms = frontend.window_ms + frame * frontend.stride_ms
    return Mismatch(
        FEATURES,
        f"frame {frame} (its end is at {time_ms} ms), channel {channel}: {theirs[frame, channel]} on the device,"
        f" {ours[frame, channel]} on the host; {len(unequal)} of {n * frontend.n_mels} values in {frames} of {n} frames"
        f" differ, by {largest} at most",
        _features_advice(frame, largest),
    )


def _frame_count(theirs: int, ours: int) -> Mismatch | None:
    if theirs == ours:
        return None
    return Mismatch(
        FEATURES,
        f"{theirs} frames on the device, {ours} on the host; those that both have are equal",
        "The device lost sound or cut it otherwise: its sample rate, window or stride are not the bundle's"
        " (include/kws_settings.h), or its tail of silence has another length.",
    )


def _features_advice(frame: int, largest: int) -> str:
    if frame == 0:
        place = (
            "It begins with the first frame, which depends on nothing before it: the tables (src/kws_frontend_config.c:"
            " window, FFT, mel filters) are not the bundle's, or the compiler breaks lib/kws_frontend/kws_fft.c or"
            " kws_filterbank.c."
        )
    else:
        place = (
            f"The first {frame} frames are equal: either what goes from frame to frame is wrong (noise estimate and"
            " gain: kws_noise_reduction.c, kws_pcan.c), or a table's entry that only this sound touches."
        )
    rounding = " By one only: a rounding, as of another compiler's shift of negative numbers." if largest == 1 else ""
    return f"{place}{rounding} Make the firmware again from this bundle; then try other compiler options (-O1)."


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
            " engine computes otherwise on this processor. Try the other engine (--engine), where the board has one."
        )
    else:
        place = (
            f"The features are equal, and {number} inferences too: something stays in the model's memory from one"
            " inference to the next, or this sound takes a path that the others did not (a saturation)."
        )
    return f"{place} Make the firmware again from this bundle; then try other compiler options (-O1)."


def _detector(theirs: Sequence[Heard], ours: Sequence[Heard]) -> Mismatch | None:
    for device, host in zip_longest(theirs, ours):
        if device != host:
            return Mismatch(
                DETECTOR,
                f"{_heard(device)} on the device, {_heard(host)} on the host",
                "Features and scores are equal, what is made of them is not: threshold, averaging or suppression in the"
                " device's include/kws_settings.h are not the bundle's. Make the firmware again from this bundle.",
            )
    return None


def _heard(line: Heard | None) -> str:
    return "nothing" if line is None else line.to_line().removeprefix("Heard ")
