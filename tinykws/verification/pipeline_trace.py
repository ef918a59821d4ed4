# SPDX-License-Identifier: Apache-2.0
"""Everything that one side, device or host, computes from a sound: features, scores and detections."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.device.clip_audio import ClipAudio
from tinykws.device.clip_transfer import ClipFaultError
from tinykws.device.protocol import Features, Heard, Line, Scores
from tinykws.device.session import DeviceSession
from tinykws.native.features import FrontEnd, quantize_features
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.verification.host_reference import HostReference


@dataclasses.dataclass(frozen=True)
class PipelineTrace:
    """What one side computed from a sound."""

    features: npt.NDArray[np.int8]
    """int8 [frames, n_mels]."""
    scores: tuple[Scores, ...]
    heard: tuple[Heard, ...]


def trace_device(session: DeviceSession, audio: ClipAudio, tail_samples: int, n_mels: int) -> PipelineTrace:
    """Sends audio to the device and collects its results, features included.

    Raises:
        ClipFaultError: the transfer timed out or was refused, or a line was invalid or lost.
        DeviceError: the device is gone.
    """
    frames: list[bytes] = []
    lines: list[Line] = []

    def keep(line: Line) -> None:
        if isinstance(line, Features):
            if len(line.values) != n_mels:
                raise ClipFaultError(f"the device sent {len(line.values)} features of a frame, not {n_mels}")
            frames.append(line.values)
        else:
            lines.append(line)

    session.send_clip(audio, tail_samples, features=True, on_result=keep)
    features = np.frombuffer(b"".join(frames), np.int8)
    return PipelineTrace(features.reshape(-1, n_mels), *_scores_and_words(lines))


def trace_host(reference: HostReference, frontend: FrontendSettings, pieces: Iterable[Samples]) -> PipelineTrace:
    """Computes the same on the host, from int16 [n] pieces of sound, after a reset."""
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
