# SPDX-License-Identifier: Apache-2.0
"""All that one side makes of a sound, from features to detections, to be laid beside the other side's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.device.clip_audio import ClipAudio
from tinykws.device.protocol import Features, Heard, Line, Scores
from tinykws.device.session import DeviceSession
from tinykws.native.features import FrontEnd, quantize_features
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.verification.host_reference import HostReference


@dataclasses.dataclass(frozen=True)
class PipelineTrace:
    """What one side computed."""

    features: npt.NDArray[np.int8]
    """int8 [frames, n_mels]."""
    scores: tuple[Scores, ...]
    heard: tuple[Heard, ...]


def trace_device(session: DeviceSession, audio: ClipAudio, tail_samples: int, n_mels: int) -> PipelineTrace:
    """Sends audio and asks for the features too.

    Raises:
        ClipFaultError: time-out, a refusal, or a line that is wrong or lost.
        DeviceError: the device is gone.
    """
    frames: list[bytes] = []
    lines: list[Line] = []

    def keep(line: Line) -> None:
        if isinstance(line, Features):
            frames.append(line.values)
        else:
            lines.append(line)

    session.send_clip(audio, tail_samples, features=True, on_result=keep)
    features = np.frombuffer(b"".join(frames), np.int8)
    return PipelineTrace(features.reshape(-1, n_mels), *_scores_and_words(lines))


def trace_host(reference: HostReference, frontend: FrontendSettings, pieces: Iterable[Samples]) -> PipelineTrace:
    """Computes the same here, for int16 [n] pieces of sound, from a fresh start."""
    front_end = FrontEnd(frontend)
    frames, lines = [np.empty((0, frontend.n_mels), np.int8)], []
    reference.begin()
    for samples in pieces:
        frames.append(quantize_features(front_end.process(samples)))
        lines += reference.feed(samples)
    return PipelineTrace(np.concatenate(frames), *_scores_and_words(lines))


def _scores_and_words(lines: Iterable[Line]) -> tuple[tuple[Scores, ...], tuple[Heard, ...]]:
    lines = list(lines)
    return (
        tuple(line for line in lines if isinstance(line, Scores)),
        tuple(line for line in lines if isinstance(line, Heard)),
    )
