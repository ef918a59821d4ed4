# SPDX-License-Identifier: Apache-2.0
"""The reference that a device is compared with: the host's pipeline, with results as the lines a device prints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinykws.audio.samples import Samples
from tinykws.device.protocol import ClipFigures, Heard, Line, Scores
from tinykws.model.bundle import Bundle
from tinykws.native.listener import Infer, Inference, Listener


class HostReference:
    """A bundle's front-end, model and detector on the host; one sound at a time, in pieces of any size.

    Args:
        bundle: the bundle that the device runs.
        infer: runs its model: int8 [n_frames * n_mels] features in, int8 [n_labels] scores out.
        on_reset: called when a sound begins: for a model that keeps state.
    """

    def __init__(self, bundle: Bundle, infer: Infer, on_reset: Callable[[], None] | None = None) -> None:
        self._names = [label.name for label in bundle.labels]
        self._listener = Listener(bundle.frontend, bundle.detector, len(bundle.labels), infer, on_reset)
        self._inferences = 0

    def begin(self) -> None:
        """Resets the pipeline, as a device does at !DATA."""
        self._listener.reset()
        self._inferences = 0

    def feed(self, samples: Samples) -> list[Scores | Heard]:
        """Processes int16 [n] more samples and returns the resulting lines."""
        lines: list[Scores | Heard] = []
        for event in self._listener.feed(samples):
            if isinstance(event, Inference):
                self._inferences += not event.slept
                lines.append(Scores(event.time_ms, event.scores))
            else:
                lines.append(Heard(self._names[event.label_index], event.score, event.time_ms))
        return lines

    def figures(self) -> ClipFigures:
        """Returns the totals since begin(); its times are 0."""
        return ClipFigures(self._listener.features_crc32, self._listener.frames, self._inferences, 0, 0, 0)

    def clip_lines(self, samples: Samples, tail_samples: int) -> list[Line]:
        """Returns all lines for a clip, int16 [n], followed by `tail_samples` of silence, after a reset."""
        self.begin()
        return [*self.feed(samples), *self.feed(np.zeros(tail_samples, np.int16)), self.figures()]
