# SPDX-License-Identifier: Apache-2.0
"""The report beside exported models: recall and false accepts per hour of each cutoff, and on what."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from tinykws.evaluation.stream_measure import Rate, Recall
from tinykws.exports.esphome.operating_point import OperatingPoint, RulePoint


@dataclasses.dataclass(frozen=True)
class Material:
    """On what cutoffs were chosen and measured."""

    per_hour: float
    """False accepts per hour that were wanted."""
    chosen_on: str
    reported_on: str
    made_negatives: bool
    """Whether there were no long recordings: false accepts were counted on other words joined into sentences."""


def report_json(material: Material, points: Sequence[OperatingPoint], model_id: str) -> dict[str, Any]:
    """Returns report.json's content."""
    return {
        "model_id": model_id,
        "material": dataclasses.asdict(material),
        "words": [
            {
                **dataclasses.asdict(point),
                "chosen": _point_json(point.chosen),
                "curve": [_point_json(one) for one in point.curve],
            }
            for point in points
        ],
    }


def _point_json(point: RulePoint) -> dict[str, Any]:
    return {**dataclasses.asdict(point), "probability_cutoff": point.rule.probability_cutoff}


def report_markdown(material: Material, points: Sequence[OperatingPoint], model_id: str) -> str:
    """Returns report.md."""
    lines = [
        "# Exported wake words",
        "",
        f"Model {model_id}. Detections are those of ESPHome's rule: integer mean of the last probabilities above the"
        " cutoff, nothing in the first 100 frames. Intervals are of 95 %.",
        "",
        f"- Chosen on {material.chosen_on}, for {material.per_hour:g} false accepts per hour.",
        f"- Reported on {material.reported_on}.",
    ]
    if material.made_negatives:
        lines.append(
            "- There were no long recordings without the words: false accepts were counted on other words joined into"
            " sentences. Put hours of ordinary speech into negatives/ and export again."
        )
    for point in points:
        lines += ["", *_word_lines(point, material)]
    return "\n".join(lines) + "\n"


def _word_lines(point: OperatingPoint, material: Material) -> Iterator[str]:
    rule = point.chosen.rule
    yield f"## {point.word}"
    yield ""
    yield (
        f"Chosen: probability_cutoff {rule.probability_cutoff}, sliding_window_size {rule.window}: recall"
        f" {recall_text(point.chosen.recall)}, {rate_text(point.chosen.rate)} false accepts per hour."
    )
    if not point.met:
        yield ""
        yield f"No cutoff had {material.per_hour:g} false accepts per hour where it was chosen; this has the fewest."
    yield from ("", "| cutoff | of 255 | recall | interval | false accepts per hour | interval | latency (median) |")
    yield "|---|---|---|---|---|---|---|"
    for one in point.curve:
        yield _row(one, is_chosen=one.rule == rule)
    yield from ("", "| scene | utterances | recall | interval |", "|---|---|---|---|")
    for scene in point.scenes:
        yield f"| {scene.name} | {scene.utterances} | {_share(scene.share)} | {_interval(scene.low, scene.high)} |"


def _row(point: RulePoint, *, is_chosen: bool) -> str:
    mark = "**" if is_chosen else ""
    median = point.recall.latency_median_ms
    latency = "" if median is None else f"{median:.0f} ms"
    cells = (
        f"{mark}{point.rule.probability_cutoff}{mark}",
        str(point.rule.cutoff),
        _share(point.recall.share),
        _interval(point.recall.low, point.recall.high),
        f"{point.rate.per_hour:.2f}",
        f"{point.rate.low:.2f} to {point.rate.high:.2f}",
        latency,
    )
    return f"| {' | '.join(cells)} |"


def recall_text(recall: Recall) -> str:
    """Returns recall with its interval: 94 % (90 to 97 %) of 200."""
    return f"{_share(recall.share)} ({_interval(recall.low, recall.high)}) of {recall.utterances} utterances"


def rate_text(rate: Rate) -> str:
    """Returns a rate with its interval: 0.4 (0.1 to 1.2) in 5.0 h."""
    return f"{rate.per_hour:.2f} ({rate.low:.2f} to {rate.high:.2f}, in {rate.hours:.2f} h)"


def _share(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.0f} %"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{100 * low:.0f} to {100 * high:.0f} %"
