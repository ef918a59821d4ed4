# SPDX-License-Identifier: Apache-2.0
"""detect: runs the deployed pipeline on recordings of any length.

Front-end, model input and detector are the firmware's C code; the model runs in TFLite Micro's interpreter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from tinykws.audio.files import AudioStream
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.detector import Detection
from tinykws.native.listener import Listener
from tinykws.project.labels import Label
from tinykws.support.progress import SILENT, Progress


@dataclasses.dataclass(frozen=True)
class Heard:
    """A detected word, as a device would report it."""

    time_ms: int
    """Time from the recording's start to the end of the newest processed sample."""
    label: Label
    score: int
    """Average over the smoothing window, 0 to 255."""


def detect(bundle: Bundle, path: Path, *, progress: Progress = SILENT) -> Iterator[Heard]:
    """Yields the words that a device with this bundle would detect in a recording, in order.

    The recording is read one second at a time, so it may have any length.

    Raises:
        ConfigError: the file does not exist or is not audio.
        ToolError: tflite-micro is not installed.
    """
    interpreter = Interpreter(bundle.model_bytes())
    listener = Listener(bundle.frontend, bundle.detector, len(bundle.labels), interpreter.invoke)
    with AudioStream(path, bundle.frontend.sample_rate_hz) as stream:
        for samples in progress.track(stream, path.name, stream.seconds):
            for event in listener.feed(samples):
                if isinstance(event, Detection):
                    yield Heard(event.time_ms, bundle.labels[event.label_index], event.score)
