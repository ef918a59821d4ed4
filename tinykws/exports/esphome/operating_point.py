# SPDX-License-Identifier: Apache-2.0
"""Chooses cutoff and window of an exported model by ESPHome's own rule, and measures what they do.

The cutoff is chosen on one set of streams and reported on another, as by `tinykws tune` and `tinykws evaluate
--stream`. Scores are those of the exported network (streaming_model.word_graph), computed by the aot engine's kernels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.audio.playback import playback_for
from tinykws.evaluation.sliding_mean import SlidingMean, detected_frames
from tinykws.evaluation.stream_measure import HIGHEST_RATE, Rate, Recall, rate_of, recall_of
from tinykws.evaluation.stream_scores import Stream
from tinykws.evaluation.stream_set import StreamSet
from tinykws.evaluation.timeline import Event, StreamDetection, StreamScore, score_stream
from tinykws.exports.esphome.streaming_model import SILENT_FEATURE, StreamNetwork, word_graph
from tinykws.model.bundle import Bundle
from tinykws.model.lowered_model import LoweredModel
from tinykws.native.features import FrontEnd, quantize_features
from tinykws.support.progress import SILENT, Progress

WINDOWS = (1, 2, 3, 5, 7, 10)
"""Lengths of the sliding window that are tried, in inferences."""
CUTOFFS = tuple(range(253, 50, -3))
"""Cutoffs that are tried, of 255, from the strictest."""


@dataclasses.dataclass(frozen=True)
class HeardStream:
    """A model's probabilities along a stream."""

    name: str
    duration_ms: int
    events: tuple[Event, ...]
    """On the clock of `frame_ms`."""
    probabilities: npt.NDArray[np.uint8]
    """[n], of 255, one after every `stride` frames."""
    lead_in_ms: int
    """What was played before the stream; detections in it are not counted."""


@dataclasses.dataclass(frozen=True)
class Timing:
    """When frames come."""

    window_ms: int
    step_ms: int
    stride: int
    """Frames of an inference."""

    def frame_ms(self, number: int) -> int:
        """Returns when a frame is complete; numbers count from 1."""
        return self.window_ms + (number - 1) * self.step_ms


@dataclasses.dataclass(frozen=True)
class RulePoint:
    """Recall and false accepts of a rule."""

    rule: SlidingMean
    rate: Rate
    """On the streams without the words."""
    recall: Recall
    """In the streams with the words; its false accepts are on other words there, and not part of the rate."""


@dataclasses.dataclass(frozen=True)
class OperatingPoint:
    """What was chosen for one word, and how it was measured."""

    word: str
    chosen: RulePoint
    """Measured on the streams of the report."""
    met: bool
    """Whether the wanted rate was met on the streams on which it was chosen."""
    curve: tuple[RulePoint, ...]
    """Of each cutoff with the chosen window, on the streams of the report."""
    scenes: tuple[Recall, ...]
    """Of the chosen rule, in each scene."""


def timing_of(bundle: Bundle) -> Timing:
    """Returns when frames and inferences of a bundle come."""
    frontend, stride_ms = bundle.frontend, bundle.detector.inference_stride_ms
    return Timing(frontend.window_ms, frontend.stride_ms, stride_ms // frontend.stride_ms)


def operating_point(
    bundle: Bundle,
    network: StreamNetwork,
    word: int,
    choosing: StreamSet,
    reporting: StreamSet,
    *,
    per_hour: float,
    latency_ms: int | None,
    progress: Progress = SILENT,
) -> OperatingPoint:
    """Chooses a word's cutoff and window on one set of streams and measures them on another.

    Args:
        bundle: the model.
        network: the same, understood.
        word: the label's number.
        choosing: streams with and without the words, to choose on.
        reporting: others, to report on.
        per_hour: false accepts per hour that are allowed.
        latency_ms: longest median latency that is allowed; None: any.
        progress: shows progress.
    """
    name, timing = bundle.labels[word].name, timing_of(bundle)
    model = LoweredModel(word_graph(network, word))
    heard = [
        [
            _heard(bundle, network, model, stream, timing)
            for stream in progress.track(streams, f"{bundle.labels[word].text}: {what}", len(streams))
        ]
        for streams, what in (
            (choosing.words, "scenes to choose on"),
            (choosing.negatives, "negatives to choose on"),
            (reporting.words, "scenes to report on"),
            (reporting.negatives, "negatives to report on"),
        )
    ]
    points = list(_points(heard[0], heard[1], name, timing, WINDOWS))
    rule, met = _best(points, per_hour, latency_ms)
    curve = tuple(_points(heard[2], heard[3], name, timing, (rule.window,)))
    return OperatingPoint(
        word=name,
        chosen=_point(heard[2], heard[3], name, timing, rule),
        met=met,
        curve=curve,
        scenes=tuple(recall_of(stream.name, _scores([stream], name, timing, rule)) for stream in heard[2]),
    )


def _best(points: Sequence[RulePoint], per_hour: float, latency_ms: int | None) -> tuple[SlidingMean, bool]:
    """Returns the rule with the highest recall at the wanted rate; the strictest one if none has that rate."""
    allowed = [point for point in points if point.rate.per_hour <= per_hour]
    quick = [point for point in allowed if _is_quick(point, latency_ms)] or allowed
    if not quick:
        return min(points, key=lambda point: (point.rate.per_hour, -point.recall.found)).rule, False
    best = max(quick, key=lambda point: (point.recall.found, -point.rate.false_accepts, point.rule.cutoff))
    return best.rule, True


def _is_quick(point: RulePoint, latency_ms: int | None) -> bool:
    median = point.recall.latency_median_ms
    return latency_ms is None or median is None or median <= latency_ms


def _points(
    words: Sequence[HeardStream],
    negatives: Sequence[HeardStream],
    name: str,
    timing: Timing,
    windows: Iterable[int],
) -> Iterable[RulePoint]:
    """Yields each rule's point, down to HIGHEST_RATE false accepts per hour; of each window at least the strictest."""
    for window in windows:
        for cutoff in CUTOFFS:
            point = _point(words, negatives, name, timing, SlidingMean(cutoff, window))
            if point.rate.per_hour > HIGHEST_RATE and cutoff != CUTOFFS[0]:
                break
            yield point


def _point(
    words: Sequence[HeardStream], negatives: Sequence[HeardStream], name: str, timing: Timing, rule: SlidingMean
) -> RulePoint:
    return RulePoint(
        rule,
        rate_of("all", _scores(negatives, name, timing, rule)),
        recall_of("all", _scores(words, name, timing, rule)),
    )


def _scores(streams: Iterable[HeardStream], name: str, timing: Timing, rule: SlidingMean) -> list[StreamScore]:
    return [
        score_stream(stream.events, detections(stream, name, timing, rule), stream.duration_ms, (name,))
        for stream in streams
    ]


def detections(stream: HeardStream, name: str, timing: Timing, rule: SlidingMean) -> list[StreamDetection]:
    """Returns when a word is detected in a stream."""
    times = (timing.frame_ms(frame) for frame in detected_frames(stream.probabilities, rule, timing.stride))
    return [StreamDetection(time, name) for time in times if time >= stream.lead_in_ms]


def _heard(bundle: Bundle, network: StreamNetwork, model: LoweredModel, stream: Stream, timing: Timing) -> HeardStream:
    playback = playback_for(bundle.frontend, bundle.detector)
    frontend = FrontEnd(bundle.frontend)
    frames = np.concatenate([quantize_features(frontend.process(piece)) for piece in playback.pieces(stream)])
    return HeardStream(
        name=stream.name,
        duration_ms=stream.duration_ms,
        events=tuple(
            Event(event.start_ms + playback.lead_in_ms, event.end_ms + playback.lead_in_ms, event.label)
            for event in stream.events
        ),
        probabilities=probabilities_along(network, model, frames, timing.stride),
        lead_in_ms=playback.lead_in_ms,
    )


def probabilities_along(
    network: StreamNetwork, model: LoweredModel, frames: npt.NDArray[np.int8], stride: int
) -> npt.NDArray[np.uint8]:
    """Returns what the streaming model gives after every `stride` frames from its start: uint8 [n].

    Args:
        network: the bundle's.
        model: its word_graph.
        frames: int8 [frames, n_mels].
        stride: frames of an inference.
    """
    n_frames = network.graph.input.size // network.n_mels
    before, after = (
        np.full((count, network.n_mels), SILENT_FEATURE, np.int8)
        for count in (network.frames_seen - stride, n_frames - network.frames_seen)
    )
    scores = model.scores_along(np.concatenate([before, frames, after]), n_frames, stride)[:, 0]
    return (scores.astype(np.int16) + 128).astype(np.uint8)
