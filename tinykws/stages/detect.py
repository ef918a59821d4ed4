# SPDX-License-Identifier: Apache-2.0
"""detect: the deployed pipeline over recordings of any length.

Front-end, window, detector are the C code that the firmware compiles; the model runs in TFLite Micro's interpreter.
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
    """A word was heard, as a device would report it."""

    time_ms: int
    """From the recording's start to the end of the newest samples that were heard."""
    label: Label
    score: int
    """Average over the detector's window, 0 to 255."""


def detect(bundle: Bundle, path: Path, *, progress: Progress = SILENT) -> Iterator[Heard]:
    """Yields the words that a device with this bundle would hear in a recording, as they come.

    The recording is read a second at a time, so its length does not matter.

    Raises:
        ConfigError: no such file, or no audio.
        ToolError: tflite-micro is not installed.
    """
    interpreter = Interpreter(bundle.model_bytes())
    listener = Listener(bundle.frontend, bundle.detector, len(bundle.labels), interpreter.invoke)
    with AudioStream(path, bundle.frontend.sample_rate_hz) as stream:
        for samples in progress.track(stream, path.name, stream.seconds):
            for event in listener.feed(samples):
                if isinstance(event, Detection):
                    yield Heard(event.time_ms, bundle.labels[event.label_index], event.score)
