# SPDX-License-Identifier: Apache-2.0
"""A device in Python that behaves correctly."""

from __future__ import annotations

import numpy as np
from fake_device import FakeDevice

from tinykws.audio.samples import Samples
from tinykws.device.protocol import Features
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.features import features_of_clip
from tinykws.verification.host_reference import HostReference


class GoodDevice(FakeDevice):
    """Computes what the host's own pipeline computes, as a good board would."""

    def __init__(self, bundle: Bundle) -> None:
        labels = ",".join(label.name for label in bundle.labels)
        super().__init__(self._results, model=bundle.model_id, labels=labels, identity=bundle.identity)
        self._bundle = bundle

    def _results(self, pcm: bytes, tail: int) -> list[str]:
        reference = HostReference(self._bundle, Interpreter(self._bundle.model_bytes()).invoke)
        samples = np.frombuffer(pcm, "<i2")
        lines = [line.to_line() for line in reference.clip_lines(samples, tail)]
        if self.wants_features:
            lines = [*self._features(np.concatenate([samples, np.zeros(tail, np.int16)])), *lines]
        return [
            line.replace("frontend_us=0 invoke_us=0 arena=0", "frontend_us=540 invoke_us=90 arena=77") for line in lines
        ]

    def _features(self, samples: Samples) -> list[str]:
        frontend = self._bundle.frontend
        frames = features_of_clip(samples, frontend)
        return [
            Features(frontend.window_ms + at * frontend.stride_ms, frame.tobytes()).to_line()
            for at, frame in enumerate(frames)
        ]
