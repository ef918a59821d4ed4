# SPDX-License-Identifier: Apache-2.0
"""The detector's settings: as kws.yaml requests them (DetectorRequest), and as they are deployed (DetectorSettings)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tinykws.project import temporal_filter
from tinykws.project.grammar import OpenAfter
from tinykws.support.dataclass_reader import renamed, require_in_range, require_one_of
from tinykws.support.errors import ConfigError

RECOGNIZE_COMMANDS, TEMPORAL_FILTER = REQUESTABLE_KINDS = ("recognize_commands", "temporal_filter")
"""The rules that kws.yaml may ask for."""
SLIDING_MEAN = "sliding_mean"
"""The rule of a streaming wake word model from elsewhere: ESPHome's."""
DETECTOR_KINDS = (*REQUESTABLE_KINDS, SLIDING_MEAN)
"""The detector's rules; each is a C function of this name with the prefix kws_ (kws_detector.h)."""

_FORMER_KINDS = {"matched_filter": TEMPORAL_FILTER}
RECOGNIZE_COMMANDS_ONLY = ("average_window_ms", "minimum_count")
"""Settings of `recognize_commands` only; the temporal filter's span and weights are fitted together."""

AUTO = "auto"
MOST_AVERAGE_WINDOW_MS = 5000
"""KWS_MAX_AVERAGE_WINDOW_MS of kws_detector.h; the inference stride cannot be longer either."""
MOST_MINIMUM_COUNT = 1001
"""KWS_MAX_MINIMUM_COUNT: all scores of the longest smoothing window at the shortest stride."""
WAKE_WORD_LATENCY_MS = 300
"""Default limit of the median latency if there is one word."""
MOST_LATENCY_MS = 1000
"""A detection that comes later does not count (timeline.GRACE_MS)."""
MOST_SUPPRESSION_MS = 3_600_000
"""KWS_MAX_SUPPRESSION_MS: an hour."""
MOST_GATE_DB = 30
"""Below KWS_MAX_GATE_RATIO of kws_gate.h."""


@dataclasses.dataclass(frozen=True)
class DetectorSettings:
    """A detector as it is deployed, every value known. Defaults are those of TFLM's micro_speech."""

    average_window_ms: int = 1000
    """Length of the smoothing window, in milliseconds."""
    threshold: int = 200
    """0 to 255; a word is detected if its smoothed or filtered score is above it."""
    suppression_ms: int = 1500
    """Time after a detection in which no other is reported, in milliseconds; sliding_mean: time below the threshold
    that must pass after a start or a detection."""
    minimum_count: int = 3
    """recognize_commands: scores that the smoothing window must hold before a word can be detected; sliding_mean: how
    many are averaged."""
    inference_stride_ms: int = renamed(100, former_key="inference_ms")
    """Time from one inference to the next in milliseconds; a multiple of the front-end's stride_ms."""
    kind: str = renamed(RECOGNIZE_COMMANDS, former_values=_FORMER_KINDS)
    """Rule that turns scores into detections; one of DETECTOR_KINDS."""
    word_thresholds: tuple[int, ...] = ()
    """One threshold per word, in the labels' order; empty if all words have `threshold`."""
    filter_weights: tuple[int, ...] = ()
    """temporal_filter: int8 weights of the word, silence and unknown, each by side and age (temporal_filter.py)."""
    filter_bias: int = 0
    """temporal_filter: added to the weighted sum, before the shift."""
    filter_shift: int = 0
    """temporal_filter: bits by which the sum is shifted right to give a score."""

    grammar: tuple[OpenAfter, ...] = ()
    """Words that are heard only for a while after another one; empty: all are always heard."""
    gate_db: int = 0
    """How much louder than the room's noise a sound must be to run the model, in decibels; 0: it always runs."""

    @property
    def gate_ratio(self) -> int:
        """The same as a ratio of amplitudes in 256ths, as kws_gate.h has it; 0: there is no gate."""
        return round(256 * 10 ** (self.gate_db / 20)) if self.gate_db else 0

    @property
    def is_streaming(self) -> bool:
        """Whether it belongs to a streaming wake word model: one that keeps state, and gives one probability."""
        return self.kind == SLIDING_MEAN

    @property
    def next_word_ms(self) -> int:
        """The least time from a detection to that of another word, in milliseconds."""
        closed_ms = 0 if self.kind == RECOGNIZE_COMMANDS else self.suppression_ms
        return (closed_ms // self.inference_stride_ms + 1) * self.inference_stride_ms

    def thresholds(self, n_labels: int) -> tuple[int, ...]:
        """Returns the threshold of each label; silence and unknown have `threshold`."""
        words = self.word_thresholds or (self.threshold,) * (n_labels - 2)
        return (self.threshold, self.threshold, *words)

    @property
    def taps(self) -> int:
        """temporal_filter: number of scores in its span; 0 for the other rule."""
        return temporal_filter.taps(self.inference_stride_ms) if self.filter_weights else 0

    @property
    def tap_weights(self) -> tuple[int, ...]:
        """[6 * taps]: two weights per score for each of word, silence and unknown; the newest score first."""
        return temporal_filter.tap_weights(self.filter_weights, self.inference_stride_ms) if self.filter_weights else ()


DEFAULT_THRESHOLD = {RECOGNIZE_COMMANDS: 200, TEMPORAL_FILTER: 176}


def temporal_filter_settings(
    weights: Sequence[Sequence[Sequence[float]]], bias: float, inference_stride_ms: int
) -> DetectorSettings:
    """Returns the settings of a detector with this temporal filter.

    Args:
        weights: float [3, 2, temporal_filter.N_AGES], of the mean evidence (in bits) of each side and age.
        bias: added to the weighted sum, which is the log-odds (base e) that the word was said.
        inference_stride_ms: time from one inference to the next.
    """
    integers = temporal_filter.quantized(weights, bias, inference_stride_ms)
    return DetectorSettings(
        average_window_ms=temporal_filter.taps(inference_stride_ms) * inference_stride_ms,
        threshold=DEFAULT_THRESHOLD[TEMPORAL_FILTER],
        suppression_ms=750,
        minimum_count=1,
        inference_stride_ms=inference_stride_ms,
        kind=TEMPORAL_FILTER,
        filter_weights=integers.weights,
        filter_bias=integers.bias,
        filter_shift=integers.shift,
    )


@dataclasses.dataclass(frozen=True)
class DetectorRequest:
    """The section `detector` of kws.yaml. What is null is chosen by `tinykws tune`, or has the default of its kind."""

    kind: str = renamed(TEMPORAL_FILTER, former_values=_FORMER_KINDS)
    """How scores become detections. `temporal_filter`: learned weights over the log-odds of the last 2.5 seconds,
    fitted by `tinykws tune`; `recognize_commands`: the average of each score over a smoothing window, as in
    TensorFlow's micro_speech."""
    threshold: int | str = AUTO
    """Score above which a word is detected. `auto`: `tinykws tune` chooses it on validation clips and
    negatives, for `false_accepts_per_hour`; a number from 0 to 255: for all words. A higher threshold gives fewer false
    accepts and more missed words."""
    word_thresholds: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Thresholds of single words, by word, 0 to 255; only if `threshold` is a number."""
    false_accepts_per_hour: float = 0.5
    """False accepts per hour that `tinykws tune` allows for all words together, 0.01 to 1000. Raise it if words are
    missed."""
    most_latency_ms: int | None = None
    """Longest time from the end of a word to its detection that `tinykws tune` allows, in milliseconds, in the median
    over clips, 0 to 1000. A detector that may wait for the pause after a word has fewer false accepts. null: 300 if
    there is one word, which should start something at once; otherwise no limit."""
    average_window_ms: int | None = None
    """`recognize_commands` only: length of the smoothing window in milliseconds, `inference_stride_ms` to 5000. null:
    chosen by `tinykws tune`, or 1000 with a threshold that is a number."""
    suppression_ms: int | None = None
    """Time after a detection in which no other is reported, in milliseconds. null: 750 for `temporal_filter`, 1500 for
    `recognize_commands`. Raise it if a word is reported twice."""
    minimum_count: int | None = None
    """`recognize_commands` only: scores that the smoothing window must hold before a word can be detected, at least 1.
    null: chosen by `tinykws tune`, or 3 with a threshold that is a number."""
    inference_stride_ms: int = renamed(100, former_key="inference_ms")
    """Time from one inference to the next in milliseconds; a multiple of `features.stride_ms`. Raise it if the board is
    too slow; lower it if short words are missed."""
    gate_db: int | None = None
    """Lets the model sleep while the room is quiet: how much louder than the room's noise, which the device follows, a
    sound must be to wake it, in decibels, 0 to 30; 4 is a good choice. A higher value sleeps more, and may miss words
    in noise. null or 0: the model always runs. The front-end goes on, so no word loses its beginning."""

    @property
    def deployed_gate_db(self) -> int:
        """The gate as a deployed detector has it: 0 if there is none."""
        return self.gate_db or 0

    @property
    def is_auto(self) -> bool:
        """Whether `tinykws tune` chooses the detector."""
        return self.threshold == AUTO

    def latency_limit_ms(self, n_words: int) -> int | None:
        """Returns the longest median latency that is allowed with so many words; None: any."""
        if self.most_latency_ms is None:
            return WAKE_WORD_LATENCY_MS if n_words == 1 else None
        return self.most_latency_ms

    @property
    def given(self) -> dict[str, Any]:
        """The settings that would be chosen but are given in kws.yaml."""
        names = (*RECOGNIZE_COMMANDS_ONLY, "suppression_ms")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @property
    def defaults(self) -> DetectorSettings:
        """The settings of this kind if nothing else is given or chosen."""
        if self.kind == RECOGNIZE_COMMANDS:
            return DetectorSettings(inference_stride_ms=self.inference_stride_ms)
        return temporal_filter_settings(
            temporal_filter.DEFAULT_WEIGHTS, temporal_filter.DEFAULT_BIAS, self.inference_stride_ms
        )

    def as_given(self, words: Sequence[str]) -> DetectorSettings:
        """Returns the detector without tuning: what is given, and the defaults of its kind for the rest."""
        threshold = DEFAULT_THRESHOLD[self.kind] if isinstance(self.threshold, str) else self.threshold
        own = tuple(self.word_thresholds.get(word, threshold) for word in words) if self.word_thresholds else ()
        return dataclasses.replace(self.defaults, threshold=threshold, word_thresholds=own, **self.given)

    def check(self, words: Sequence[str], stride_ms: int) -> None:
        """Raises ConfigError if a value is out of range, or given for a kind that does not have it.

        Args:
            words: the words as kws.yaml has them.
            stride_ms: the front-end's stride.
        """
        require_one_of("detector: kind", self.kind, REQUESTABLE_KINDS)
        self._check_thresholds(words)
        require_in_range("detector: false_accepts_per_hour", self.false_accepts_per_hour, 0.01, 1000)
        require_in_range("detector: most_latency_ms", self.most_latency_ms or 0, 0, MOST_LATENCY_MS)
        in_range = stride_ms <= self.inference_stride_ms <= MOST_AVERAGE_WINDOW_MS
        if not in_range or self.inference_stride_ms % stride_ms:
            raise ConfigError(
                f"detector: inference_stride_ms is {self.inference_stride_ms}",
                hint=f"use a multiple of the front-end's stride of {stride_ms} ms up to {MOST_AVERAGE_WINDOW_MS},"
                f" such as {5 * stride_ms}",
            )
        for name in RECOGNIZE_COMMANDS_ONLY if self.kind != RECOGNIZE_COMMANDS else ():
            if name in self.given:
                raise ConfigError(
                    f"detector: {name} is given, but kind is {self.kind}",
                    hint=f"remove {name}, or set kind: {RECOGNIZE_COMMANDS}",
                )
        if self.gate_db is not None:
            require_in_range("detector: gate_db", self.gate_db, 0, MOST_GATE_DB)
        settings = self.as_given(words)
        require_in_range("detector: minimum_count", settings.minimum_count, 1, MOST_MINIMUM_COUNT)
        require_in_range("detector: suppression_ms", settings.suppression_ms, 0, MOST_SUPPRESSION_MS)
        if self.kind == RECOGNIZE_COMMANDS:
            require_in_range(
                "detector: average_window_ms",
                settings.average_window_ms,
                settings.inference_stride_ms,
                MOST_AVERAGE_WINDOW_MS,
            )

    def _check_thresholds(self, words: Sequence[str]) -> None:
        if isinstance(self.threshold, str):
            require_one_of("detector: threshold", self.threshold, (AUTO,))
            if self.word_thresholds:
                raise ConfigError(
                    "detector: word_thresholds are given, but threshold is auto",
                    hint="set threshold to a number too, or remove word_thresholds",
                )
        else:
            require_in_range("detector: threshold", self.threshold, 0, 255)
        for word, threshold in self.word_thresholds.items():
            require_one_of("detector: word_thresholds", str(word), words)
            if not isinstance(threshold, int) or isinstance(threshold, bool):
                raise ConfigError(f"detector: word_thresholds: {word} must be a whole number, not {threshold!r}")
            require_in_range(f"detector: word_thresholds: {word}", threshold, 0, 255)
