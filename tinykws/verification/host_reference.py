# SPDX-License-Identifier: Apache-2.0
"""What a device that runs a bundle should print: the host's own pipeline, its results as the device's lines."""

from __future__ import annotations

import numpy as np

from tinykws.audio.samples import Samples
from tinykws.device.protocol import ClipFigures, Heard, Line, Scores
from tinykws.evaluation.timeline import GRACE_MS
from tinykws.model.bundle import Bundle
from tinykws.native.listener import Infer, Inference, Listener
from tinykws.project.detector_settings import DetectorSettings


def silence_after_ms(detector: DetectorSettings) -> int:
    """Returns how much silence a sound needs behind it so that a word at its end can be heard.

    That is the time in which a detection counts, and enough for a detector that answers only when a part of its window
    is full: a clip of one second has a single inference before its end.
    """
    return max(GRACE_MS, detector.average_window_ms // 2)


class HostReference:
    """The bundle's front-end, detector and labels around a model; one sound at a time, in pieces of any size.

    Args:
        bundle: what the device runs.
        infer: its model: int8 [n_frames * n_mels] features in, int8 [n_labels] scores out.
    """

    def __init__(self, bundle: Bundle, infer: Infer) -> None:
        self._names = [label.name for label in bundle.labels]
        self._listener = Listener(bundle.frontend, bundle.detector, len(bundle.labels), infer)
        self._inferences = 0

    def begin(self) -> None:
        """Starts anew, as a device does at !DATA."""
        self._listener.reset()
        self._inferences = 0

    def feed(self, samples: Samples) -> list[Scores | Heard]:
        """Returns the lines that int16 [n] more samples lead to."""
        lines: list[Scores | Heard] = []
        for event in self._listener.feed(samples):
            if isinstance(event, Inference):
                self._inferences += 1
                lines.append(Scores(event.time_ms, event.scores))
            else:
                lines.append(Heard(self._names[event.label_index], event.score, event.time_ms))
        return lines

    def figures(self) -> ClipFigures:
        """Returns what all samples since begin() came to; its times are 0."""
        return ClipFigures(self._listener.features_crc32, self._listener.frames, self._inferences, 0, 0, 0)

    def clip_lines(self, samples: Samples, tail_samples: int) -> list[Line]:
        """Returns all lines for a clip of int16 [n] and so much silence after it, from a fresh start."""
        self.begin()
        return [*self.feed(samples), *self.feed(np.zeros(tail_samples, np.int16)), self.figures()]
