# SPDX-License-Identifier: Apache-2.0
"""Counts what a detector does on the material, as it is configured and at given rates of false accepts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from hearing.clip_streams import ClipStream
from hearing.detectors import Detector, clips_of
from hearing.listening import AnyStream, Heard
from hearing.material import Material, identity_of, plain_word

from tinykws.evaluation.confidence_intervals import share_interval
from tinykws.evaluation.stream_measure import Rate, rate_of
from tinykws.evaluation.timeline import Event, StreamScore, score_stream

RATES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""False accepts per hour of ordinary speech at which recall is reported."""
SEARCHED = 3.0
"""The search for settings ends at this many times the highest rate: a stricter setting seldom gives more."""
WORST = 5
"""Other words that are named, of those that are most often accepted."""


@dataclasses.dataclass(frozen=True)
class PeopleRecall:
    """Recall on clips of people who say the word."""

    name: str
    utterances: int
    found: int
    confused: int
    """Another of the detector's words was detected."""
    false_accepts: int
    """Further detections in the streams of these clips."""
    share: float | None
    low: float | None
    high: float | None
    latency_median_ms: float | None
    """From the end of the word to the detection; negative: before the end."""
    latency_90th_ms: float | None


@dataclasses.dataclass(frozen=True)
class AcceptedShare:
    """Clips of other words in which a word was detected."""

    name: str
    clips: int
    accepted: int
    share: float
    low: float
    high: float
    worst: tuple[tuple[str, int, int], ...]
    """(other word, its clips, those accepted), of the most often accepted ones."""


@dataclasses.dataclass(frozen=True)
class Figures:
    """What a detector does at one setting of its thresholds."""

    thresholds: tuple[float, ...]
    recall: PeopleRecall | None
    """None: nobody says its words in the material."""
    words: tuple[PeopleRecall, ...]
    ordinary: Rate | None
    """Over all ordinary speech; None without any."""
    speech: tuple[Rate, ...]
    """By kind."""
    others: AcceptedShare | None
    """Over all clips of other words; None without any."""
    other_kinds: tuple[AcceptedShare, ...]


@dataclasses.dataclass(frozen=True)
class AtRate:
    """The setting with the highest recall at up to this many false accepts per hour of ordinary speech."""

    wanted_per_hour: float
    figures: Figures | None
    """None: every setting has more."""


class Trial:
    """A detector with what it heard of the material.

    Clips of people who say a word that the detector does not know are clips of other words for it.
    """

    def __init__(self, detector: Detector, material: Material, heard: Mapping[tuple[str, str], Heard]) -> None:
        known = {plain_word(word): word for word in detector.words}
        self._detector = detector
        self._material = material
        self._heard = heard
        self._words = {known[word]: streams for word, streams in material.words.items() if word in known}
        unknown = {word: streams for word, streams in material.words.items() if word not in known}
        self._others: dict[str, tuple[ClipStream, ...]] = {**material.others, **unknown}

    @property
    def clips(self) -> dict[str, int]:
        """Number of clips of each of the detector's words."""
        return {word: sum(len(stream.placed) for stream in streams) for word, streams in self._words.items()}

    @property
    def other_clips(self) -> dict[str, int]:
        """Number of clips of each kind of other words."""
        return {kind: sum(len(stream.placed) for stream in streams) for kind, streams in self._others.items()}

    def figures_at(self, setting: Any) -> Figures:
        """Returns all figures at a setting of the thresholds."""
        said = {word: self._scores(streams, setting) for word, streams in self._words.items()}
        speech = {kind: self._scores(streams, setting) for kind, streams in self._material.speech.items()}
        ordinary = [score for kind in self._material.ordinary for score in speech[kind]]
        accepted = {kind: self._accepted(streams, setting) for kind, streams in self._others.items()}
        return Figures(
            thresholds=tuple(self._detector.thresholds(setting)),
            recall=_recall("all", [score for scores in said.values() for score in scores]) if said else None,
            words=tuple(_recall(word, scores) for word, scores in said.items()),
            ordinary=rate_of("ordinary speech", ordinary) if ordinary else None,
            speech=tuple(rate_of(kind, scores) for kind, scores in speech.items()),
            others=_share("all", [clip for clips in accepted.values() for clip in clips]) if accepted else None,
            other_kinds=tuple(_share(kind, clips) for kind, clips in accepted.items()),
        )

    def at_rates(self, rates: Sequence[float] = RATES) -> list[AtRate]:
        """Returns the figures at each rate; empty without ordinary speech.

        Of settings with the same recall, the strictest is chosen; without clips of the words, the most eager.
        """
        if not self._material.ordinary:
            return []
        tried = list(self._tried(max(rates) * SEARCHED))
        points = []
        for wanted in rates:
            allowed = [(found, at) for at, (_, per_hour, found) in enumerate(tried) if per_hour <= wanted]
            best = max(allowed, key=lambda one: (one[0], -one[1] if self._words else one[1]), default=None)
            points.append(AtRate(wanted, self.figures_at(tried[best[1]][0]) if best else None))
        return points

    def _tried(self, highest: float) -> Iterable[tuple[Any, float, int]]:
        """Yields setting, false accepts per hour and words found, from the strictest setting up to the highest rate."""
        ordinary = [stream for kind in self._material.ordinary for stream in self._material.speech[kind]]
        words = [stream for streams in self._words.values() for stream in streams]
        for setting in self._detector.settings:
            per_hour = rate_of("", self._scores(ordinary, setting)).per_hour
            yield setting, per_hour, sum(score.found for score in self._scores(words, setting))
            if per_hour > highest:
                return

    def _scores(self, streams: Sequence[AnyStream], setting: Any) -> list[StreamScore]:
        return [self._score(stream, setting) for stream in streams]

    def _score(self, stream: AnyStream, setting: Any) -> StreamScore:
        heard = self._heard_of(stream)
        known = {plain_word(word): word for word in self._detector.words}
        events = [
            Event(event.start_ms + heard.lead_in_ms, event.end_ms + heard.lead_in_ms, known[plain_word(event.label)])
            for event in stream.events
            if plain_word(event.label) in known
        ]
        found = self._detector.detections(heard, setting)
        return score_stream(events, found, stream.duration_ms, self._detector.words)

    def _accepted(self, streams: Sequence[ClipStream], setting: Any) -> list[tuple[str, bool]]:
        """Returns (other word, whether it was accepted) of each clip."""
        clips = []
        for stream in streams:
            heard = self._heard_of(stream)
            hits = clips_of(stream, heard, self._detector.detections(heard, setting))
            clips += [(one.clip.label, hit) for one, hit in zip(stream.placed, hits, strict=True)]
        return clips

    def _heard_of(self, stream: AnyStream) -> Heard:
        return self._heard[self._detector.listener.identity, identity_of(stream)]


def _recall(name: str, scores: Sequence[StreamScore]) -> PeopleRecall:
    utterances, found = (sum(getattr(score, what) for score in scores) for what in ("utterances", "found"))
    latencies = [latency for score in scores for latency in score.latencies_ms]
    median, ninetieth = (float(np.percentile(latencies, at)) if latencies else None for at in (50, 90))
    interval = share_interval(found, utterances)
    return PeopleRecall(
        name=name,
        utterances=utterances,
        found=found,
        confused=sum(score.confused for score in scores),
        false_accepts=sum(score.false_accepts for score in scores),
        share=found / utterances if utterances else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        latency_median_ms=median,
        latency_90th_ms=ninetieth,
    )


def _share(name: str, clips: Sequence[tuple[str, bool]]) -> AcceptedShare:
    accepted = sum(hit for _, hit in clips)
    interval = share_interval(accepted, len(clips))
    assert interval is not None, "a kind without clips is refused"
    by_word: dict[str, list[bool]] = {}
    for word, hit in clips:
        by_word.setdefault(word, []).append(hit)
    worst = sorted(by_word.items(), key=lambda item: (-sum(item[1]), len(item[1]), item[0]))[:WORST]
    return AcceptedShare(
        name=name,
        clips=len(clips),
        accepted=accepted,
        share=accepted / len(clips),
        low=interval.low,
        high=interval.high,
        worst=tuple((word, len(hits), sum(hits)) for word, hits in worst if any(hits)),
    )
