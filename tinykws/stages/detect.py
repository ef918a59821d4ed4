# SPDX-License-Identifier: Apache-2.0
"""detect: runs the deployed pipeline on recordings of any length.

Front-end, model input and detector are the firmware's C code; the model gives the scores that it gives there. A
recording is played as every file is (tinykws.audio.playback).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tinykws.audio.files import AudioStream
from tinykws.audio.levels import DefectMeter
from tinykws.audio.playback import Playback, playback_for
from tinykws.audio.samples import Samples
from tinykws.evaluation.near_miss import NearMiss, near_miss
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.model.stream_inference import StreamInference, StreamScores
from tinykws.native.detector import Detection, Detector
from tinykws.project.grammar import openers_of
from tinykws.project.labels import Label
from tinykws.support.progress import SILENT, Progress


@dataclasses.dataclass(frozen=True)
class Heard:
    """A detected word, as a device would report it."""

    time_ms: int
    """Time from the recording's start to the end of the newest processed sample; it may be after the recording's
    end."""
    label: Label
    score: int
    """Average over the smoothing window, or output of the temporal filter, 0 to 255."""


@dataclasses.dataclass(frozen=True)
class NothingHeard:
    """Why no word was detected in a recording."""

    defect: str | None
    """What is wrong with the recording (empty, too short, silent, clipped); None if nothing is."""
    label: Label | None
    """The word that came nearest to its threshold; None if no word had a score above 0."""
    score: int
    """Its highest score, 0 to 255."""
    threshold: int
    """The threshold that its score must exceed."""
    after: tuple[Label, ...] = ()
    """Not empty: the word's score did exceed the threshold, but the grammar wants one of these words before it."""

    def in_words(self) -> str:
        """Returns the reason as text."""
        if self.label is not None and self.after:
            opener = " or ".join(label.text for label in self.after)
            return (
                f"nothing heard; {self.label.text} scored {self.score}, above its threshold {self.threshold}, but the"
                f" grammar wants {opener} before it"
            )
        what = "nothing heard" if self.defect is None else f"nothing heard: the recording is {self.defect}"
        if self.label is None:
            return f"{what}; no word scored above 0, and the threshold is {self.threshold}"
        return (
            f"{what}; best score {self.score} for {self.label.text}, but it must exceed the threshold {self.threshold}"
        )


def detect(
    bundle: Bundle,
    path: Path,
    *,
    progress: Progress = SILENT,
    on_nothing: Callable[[NothingHeard], None] | None = None,
) -> Iterator[Heard]:
    """Yields the words that a device with this bundle would detect in a recording, in order.

    The recording is read one second at a time and heard some thousand frames at a time, so it may have any length.

    Args:
        bundle: the model, front-end and detector.
        path: the recording.
        progress: shows the seconds that are done, and says if the file is damaged.
        on_nothing: called at the end if there was no word.

    Raises:
        ConfigError: the file does not exist or is not audio.
        ToolError: the model needs tflite-micro, which is not installed.
    """
    playback = playback_for(bundle.frontend, bundle.detector)
    ears, meter = _Ears(bundle, playback), DefectMeter(bundle.frontend.sample_rate_hz)
    model = Interpreter(bundle.model_bytes())
    inference = StreamInference(model, bundle.frontend, bundle.detector, len(bundle.labels))
    with AudioStream(path, bundle.frontend.sample_rate_hz, progress.say) as stream:
        sound = _measured(progress.track(stream, path.name, stream.seconds), meter)
        for scores in inference.run(playback.pieces(sound)):
            for event in ears.hear(scores):
                time_ms = playback.time_in_sound_ms(event.time_ms)
                yield Heard(time_ms, bundle.labels[event.label_index], event.score)
    if on_nothing is not None and ears.heard_nothing:
        on_nothing(_reason(bundle, meter.defect, ears.nearest()))


class _Ears:
    """The detector, and, until it detects a word, the scores that it was given."""

    def __init__(self, bundle: Bundle, playback: Playback) -> None:
        self._playback = playback
        self._settings, self._n_labels = dataclasses.replace(bundle.detector, grammar=()), len(bundle.labels)
        self._detector = Detector(bundle.detector, self._n_labels)
        self._inferences: list[StreamScores] = []
        self.heard_nothing = True

    def hear(self, some: StreamScores) -> list[Detection]:
        heard = self._detector.run(some.scores, some.times_ms)
        detections = [detection for detection in heard if self._is_in_sound(detection)]
        if detections:
            self.heard_nothing = False
            self._inferences.clear()
        if self.heard_nothing:
            self._inferences.append(some)
        return detections

    def nearest(self) -> NearMiss | None:
        return near_miss(self._inferences, self._settings, self._n_labels, from_ms=self._playback.lead_in_ms)

    def _is_in_sound(self, detection: Detection) -> bool:
        return self._playback.time_in_sound_ms(detection.time_ms) >= 0


def _measured(sound: Iterable[Samples], meter: DefectMeter) -> Iterator[Samples]:
    for samples in sound:
        meter.add(samples)
        yield samples


def _reason(bundle: Bundle, defect: str | None, nearest: NearMiss | None) -> NothingHeard:
    if nearest is None:
        return NothingHeard(defect, None, 0, bundle.detector.threshold)
    if nearest.score > nearest.threshold:
        after = tuple(bundle.labels[number] for number in openers_of(bundle.detector.grammar, nearest.label_index))
        return NothingHeard(defect, bundle.labels[nearest.label_index], nearest.score, nearest.threshold, after)
    return NothingHeard(defect, bundle.labels[nearest.label_index], nearest.score, nearest.threshold)
