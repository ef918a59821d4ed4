# SPDX-License-Identifier: Apache-2.0
"""Measures a detector on scored streams: recall, false accepts per hour, latency, and recall over false accepts.

The detector is the firmware's C code. All shares and rates have confidence intervals from `low` to `high`, see
confidence_intervals.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from tinykws.evaluation.confidence_intervals import rate_interval, share_interval
from tinykws.evaluation.stream_scores import ScoredStream, score_streams
from tinykws.evaluation.stream_set import StreamSet
from tinykws.evaluation.timeline import MS_PER_HOUR, StreamDetection, StreamScore, score_stream
from tinykws.model.bundle import Bundle
from tinykws.native.detector import Detector
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.labels import FIRST_WORD, Label
from tinykws.support.progress import SILENT, Progress

WANTED_RATES = (0.5, 1.0, 2.0)
"""False accepts per hour at which recall is reported."""
HIGHEST_RATE = 30.0
"""End of the curve; more false accepts per hour are useless in practice."""
LOWEST_THRESHOLD = 32


@dataclasses.dataclass(frozen=True)
class Recall:
    """Recall on utterances, with its confidence interval."""

    name: str
    utterances: int
    found: int
    confused: int
    false_accepts: int
    """In these streams, which contain words; they are not part of a `Rate`."""
    share: float | None
    low: float | None
    high: float | None
    latency_median_ms: float | None = None
    """From the word's end to its detection; negative: detected before its end."""
    latency_95th_ms: float | None = None


@dataclasses.dataclass(frozen=True)
class Rate:
    """Rate of false accepts, with its confidence interval."""

    name: str
    hours: float
    false_accepts: int
    per_hour: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class WordFigures:
    """Rate and recall of one word."""

    rate: Rate
    recall: Recall


@dataclasses.dataclass(frozen=True)
class CurvePoint:
    """Rate and recall at one setting of the thresholds."""

    thresholds: tuple[int, ...]
    """One for each word."""
    rate: Rate
    recall: Recall
    words: tuple[WordFigures, ...]


@dataclasses.dataclass(frozen=True)
class GrammarMeasure:
    """What the grammar does to false accepts. A device has these rates; all other figures are without the grammar."""

    rate: Rate
    """Of all words on the negatives, with the grammar."""
    words: tuple[Rate, ...]
    """Of each word."""
    without: Rate
    """Of all words, as if each were always heard."""


@dataclasses.dataclass(frozen=True)
class Sleep:
    """How much of a stream the model slept."""

    name: str
    inferences: int
    slept: int
    share: float


@dataclasses.dataclass(frozen=True)
class GateMeasure:
    """What the gate costs and saves. A device has the figures of the measure; these are for comparison."""

    gate_db: int
    streams: tuple[Sleep, ...]
    """Of the scenes, of the negatives, and of the other streams."""
    recall_without: Recall
    """In all scenes, as if the model never slept."""
    rate_without: Rate
    """On the negatives, as if the model never slept."""


@dataclasses.dataclass(frozen=True)
class StreamMeasure:
    """Measurements of a detector. With a grammar, recall and rates are those of each word as if it were always heard:
    in the streams, no wake word comes before a command; `grammar` has the rates of the device."""

    detector: DetectorSettings
    words: tuple[str, ...]
    """Labels of the words."""
    deployed: CurvePoint
    scenes: tuple[Recall, ...]
    negatives: tuple[Rate, ...]
    others: tuple[Rate, ...]
    """Streams of single other words, which are not part of the rate."""
    curve: tuple[CurvePoint, ...]
    """All thresholds moved together, from the highest to the lowest."""
    grammar: GrammarMeasure | None = None
    """None if the detector has no grammar."""
    gate: GateMeasure | None = None
    """None if the detector has no gate."""

    def best_at(self, per_hour: float) -> CurvePoint | None:
        """Returns the curve's point with the highest recall at up to this many false accepts per hour."""
        allowed = [point for point in self.curve if point.rate.per_hour <= per_hour]
        return max(allowed, key=lambda point: point.recall.found, default=None)


@dataclasses.dataclass(frozen=True)
class ScoredStreamSet:
    """The streams of a StreamSet with a model's scores."""

    words: tuple[ScoredStream, ...]
    negatives: tuple[ScoredStream, ...]
    others: tuple[ScoredStream, ...]


def score_stream_set(
    bundle: Bundle, stream_set: StreamSet, *, progress: Progress = SILENT, processes: int | None = None
) -> ScoredStreamSet:
    """Runs a bundle's model over all streams of a set; see score_streams."""
    scored = score_streams(bundle, stream_set.streams, progress=progress, processes=processes)
    first, second = len(stream_set.words), len(stream_set.words) + len(stream_set.negatives)
    return ScoredStreamSet(tuple(scored[:first]), tuple(scored[first:second]), tuple(scored[second:]))


def measure(scored: ScoredStreamSet, detector: DetectorSettings, labels: Sequence[Label]) -> StreamMeasure:
    """Returns the measurements of a detector, and of the same detector with its thresholds moved up and down."""
    words = tuple(label.name for label in labels[FIRST_WORD:])
    deployed, detector = detector, dataclasses.replace(detector, grammar=())
    positives = score_detector(scored.words, detector, words)
    negatives = score_detector(scored.negatives, detector, words)
    return StreamMeasure(
        detector=deployed,
        grammar=_measure_grammar(scored, deployed, words, rate_of("all", negatives)) if deployed.grammar else None,
        gate=_measure_gate(scored, detector, words) if detector.gate_db else None,
        words=words,
        deployed=_point(detector, words, positives, negatives),
        scenes=tuple(recall_of(stream.name, [score]) for stream, score in zip(scored.words, positives, strict=True)),
        negatives=tuple(
            rate_of(stream.name, [score]) for stream, score in zip(scored.negatives, negatives, strict=True)
        ),
        others=tuple(rate_of(stream.name, score_detector([stream], detector, words)) for stream in scored.others),
        curve=tuple(_curve(scored, detector, words)),
    )


def _measure_grammar(
    scored: ScoredStreamSet, detector: DetectorSettings, words: Sequence[str], without: Rate
) -> GrammarMeasure:
    negatives = score_detector(scored.negatives, detector, words)
    return GrammarMeasure(rate_of("all", negatives), tuple(rate_of(word, negatives, word) for word in words), without)


def _measure_gate(scored: ScoredStreamSet, detector: DetectorSettings, words: Sequence[str]) -> GateMeasure:
    positives, negatives = (
        score_detector([stream.without_gate for stream in streams], detector, words)
        for streams in (scored.words, scored.negatives)
    )
    return GateMeasure(
        gate_db=detector.gate_db,
        streams=tuple(_sleep_of(stream) for stream in (*scored.words, *scored.negatives, *scored.others)),
        recall_without=recall_of("all", positives),
        rate_without=rate_of("all", negatives),
    )


def _sleep_of(stream: ScoredStream) -> Sleep:
    inferences, slept = len(stream.times_ms), 0 if stream.slept is None else int(stream.slept.sum())
    return Sleep(stream.name, inferences, slept, slept / inferences if inferences else 0.0)


def measure_bundle(
    bundle: Bundle, stream_set: StreamSet, *, progress: Progress = SILENT, processes: int | None = None
) -> StreamMeasure:
    """Scores the streams with a bundle's model and measures the bundle's detector on them."""
    scored = score_stream_set(bundle, stream_set, progress=progress, processes=processes)
    return measure(scored, bundle.detector, bundle.labels)


def deployed_point(scored: ScoredStreamSet, detector: DetectorSettings, words: Sequence[str]) -> CurvePoint:
    """Returns rate and recall of a detector, without the curve."""
    return _point(
        detector,
        words,
        score_detector(scored.words, detector, words),
        score_detector(scored.negatives, detector, words),
    )


def score_detector(
    streams: Iterable[ScoredStream], detector: DetectorSettings, words: Sequence[str]
) -> list[StreamScore]:
    """Returns a detector's scores on each stream; it is reset for each."""
    return [
        score_stream(stream.events, detections(stream, detector, words), stream.duration_ms, words)
        for stream in streams
    ]


def detections(stream: ScoredStream, detector: DetectorSettings, words: Sequence[str]) -> list[StreamDetection]:
    """Returns a detector's detections in a stream."""
    heard = Detector(detector, len(words) + FIRST_WORD).run(stream.scores, stream.times_ms)
    return [
        StreamDetection(one.time_ms, words[one.label_index - FIRST_WORD])
        for one in heard
        if one.time_ms >= stream.lead_in_ms
    ]


def with_moved_thresholds(detector: DetectorSettings, by: int, n_labels: int) -> DetectorSettings:
    """Returns the detector with all thresholds moved by the same amount, limited to 0 to 255."""
    thresholds = [min(255, max(0, threshold + by)) for threshold in detector.thresholds(n_labels)]
    return dataclasses.replace(detector, threshold=thresholds[0], word_thresholds=tuple(thresholds[FIRST_WORD:]))


def recall_of(name: str, scores: Sequence[StreamScore], word: str | None = None) -> Recall:
    """Returns the recall of all words, or of one, over streams."""
    counts = [count for score in scores for count in score.words if word in (None, count.label)]
    utterances, found = sum(count.utterances for count in counts), sum(count.found for count in counts)
    interval = share_interval(found, utterances)
    joined = dataclasses.replace(
        scores[0], latencies_ms=tuple(latency for score in scores for latency in score.latencies_ms)
    ) if word is None and scores else None  # fmt: skip
    return Recall(
        name=name,
        utterances=utterances,
        found=found,
        confused=sum(count.confused for count in counts),
        false_accepts=sum(count.false_accepts for count in counts),
        share=found / utterances if utterances else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        latency_median_ms=joined.latency_ms(50) if joined else None,
        latency_95th_ms=joined.latency_ms(95) if joined else None,
    )


def rate_of(name: str, scores: Sequence[StreamScore], word: str | None = None) -> Rate:
    """Returns the rate of false accepts of all words, or of one, over streams."""
    count = sum(one.false_accepts for score in scores for one in score.words if word in (None, one.label))
    hours = sum(score.duration_ms for score in scores) / MS_PER_HOUR
    return Rate(name, hours, count, count / hours, *rate_interval(count, hours))


def _point(
    detector: DetectorSettings, words: Sequence[str], positives: Sequence[StreamScore], negatives: Sequence[StreamScore]
) -> CurvePoint:
    return CurvePoint(
        thresholds=detector.thresholds(len(words) + FIRST_WORD)[FIRST_WORD:],
        rate=rate_of("all", negatives),
        recall=recall_of("all", positives),
        words=tuple(WordFigures(rate_of(word, negatives, word), recall_of(word, positives, word)) for word in words),
    )


def _curve(scored: ScoredStreamSet, detector: DetectorSettings, words: Sequence[str]) -> Iterable[CurvePoint]:
    """Yields one point per count of false accepts that some setting of the thresholds gives."""
    n_labels = len(words) + FIRST_WORD
    own = detector.thresholds(n_labels)[FIRST_WORD:]
    at_count: dict[int, tuple[DetectorSettings, list[StreamScore]]] = {}
    for by in range(255 - min(own), LOWEST_THRESHOLD - max(own), -1):
        settings = with_moved_thresholds(detector, by, n_labels)
        negatives = score_detector(scored.negatives, settings, words)
        rate = rate_of("all", negatives)
        if rate.per_hour > HIGHEST_RATE:
            break
        at_count[rate.false_accepts] = (settings, negatives)
    for settings, negatives in at_count.values():
        yield _point(settings, words, score_detector(scored.words, settings, words), negatives)
