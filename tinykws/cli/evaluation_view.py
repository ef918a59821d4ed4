# SPDX-License-Identifier: Apache-2.0
"""The reports of `evaluate` as text: figures of clips, and of streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinykws.cli.console import table

if TYPE_CHECKING:
    from tinykws.evaluation.stream_measure import CurvePoint, GateMeasure, GrammarMeasure, Rate, Recall
    from tinykws.stages.evaluate import EvaluateReport
    from tinykws.stages.evaluate_stream import EvaluateStreamReport


def describe_evaluation(report: EvaluateReport) -> str:
    """Returns the report of `evaluate` on clips as text."""
    lines = [f"model {report.model_id} on {report.int8_model.clips} {report.split} clips", ""]
    models = [("float", report.float_model), ("int8", report.int8_model)]
    rows = [(name, percent(score.accuracy), percent(score.mean_recall)) for name, score in models if score is not None]
    lines += [table(["model", "accuracy", "mean recall"], rows), ""]
    texts = [label.text for label in report.labels]
    figures = zip(texts, report.int8_model.labels, report.int8_model.confusion, strict=True)
    lines.append(
        table(
            ["int8", "clips", "precision", "recall", "F1", *(f"→ {text}" for text in texts)],
            [
                (text, score.clips, percent(score.precision), percent(score.recall), percent(score.f1), *row)
                for text, score, row in figures
            ],
        )
    )
    if report.agreement is not None:
        same = report.agreement
        lines.append(f"\nint8 and float agree on {same.agreeing_clips} of {same.clips} clips; accuracy differs by"
                     f" {100 * same.accuracy_difference:+.2f} points")  # fmt: skip
    return "\n".join(lines)


def describe_stream(report: EvaluateStreamReport) -> str:
    """Returns the report of `evaluate --stream` as text."""
    measure = report.measure
    deployed = measure.deployed
    scenes = [_recall_row(scene) for scene in (*measure.scenes, deployed.recall)]
    sounds = [_rate_row(rate) for rate in measure.negatives]
    if len(measure.negatives) > 1:
        sounds.append(_rate_row(deployed.rate))
    sounds += [_rate_row(rate, " (for information)") for rate in measure.others]
    words = [
        (word, threshold, percent(of.recall.share), _share_range(of.recall), f"{of.rate.per_hour:.1f}",
         rate_range(of.rate.low, of.rate.high))
        for word, threshold, of in zip(measure.words, deployed.thresholds, deployed.words, strict=True)
    ]  # fmt: skip
    rates = [_point_row(at.per_hour, at.point) for at in report.at_rates]
    likely = "95 % interval"
    grammar = [] if measure.grammar is None else [_describe_grammar(measure.grammar, likely)]
    gate = [] if measure.gate is None else [_describe_gate(measure.gate, measure.deployed)]
    return "\n\n".join(
        [
            f"model {report.model_id}, detector {measure.detector.kind}, on {report.split} clips",
            table(
                ["scene", "utterances", "detected", "recall", likely, "confused", "false", "latency ms", "95th"], scenes
            ),
            table(["without the words", "hours", "false accepts", "per hour", likely], sounds),
            table(["word", "threshold", "recall", likely, "false per hour", likely], words),
            "all thresholds moved together:\n"
            + table(["at most per hour", "thresholds", "recall", likely], rates),
            *_cutoffs(report),
            *grammar,
            *gate,
        ]
    )  # fmt: skip


def _cutoffs(report: EvaluateStreamReport) -> list[str]:
    """Returns, for a streaming wake word model, the cutoffs of ESPHome that give these rates; for others nothing."""
    if not report.measure.detector.is_streaming:
        return []
    from tinykws.model.wake_manifest import cutoff_of

    found = [(at.per_hour, at.point) for at in report.at_rates if at.point is not None]
    rows = [(f"{per_hour:g}", cutoff_of(point.thresholds[0]), percent(point.recall.share)) for per_hour, point in found]
    if not rows:
        return ["no cutoff has so few false accepts on these recordings"]
    return ["probability_cutoff for ESPHome:\n" + table(["at most per hour", "cutoff", "recall"], rows)]


def _describe_grammar(grammar: GrammarMeasure, likely: str) -> str:
    rows = [_rate_row(rate) for rate in (*grammar.words, grammar.rate)]
    rows.append(_rate_row(grammar.without, " (no grammar)"))
    return (
        "with the grammar, as on a device (all figures above are of each word as if it were always heard):\n"
        + table(["false accepts of", "hours", "false accepts", "per hour", likely], rows)
    )


def _describe_gate(gate: GateMeasure, deployed: CurvePoint) -> str:
    rows = [(sleep.name, sleep.inferences, sleep.slept, percent(sleep.share)) for sleep in gate.streams]
    without = gate.recall_without
    return (
        f"with the gate of {gate.gate_db} dB, as in all figures above, the model slept:\n"
        + table(["stream", "inferences", "slept", "share"], rows)
        + f"\nwithout it: {without.found} of {without.utterances} words detected instead of {deployed.recall.found},"
        f" {gate.rate_without.per_hour:.1f} false accepts per hour instead of {deployed.rate.per_hour:.1f}"
    )


def _point_row(per_hour: float, point: CurvePoint | None) -> tuple[str, ...]:
    if point is None:
        return (f"{per_hour:g}", "-", "-", "-")
    thresholds = " ".join(map(str, point.thresholds))
    return (f"{per_hour:g}", thresholds, percent(point.recall.share), _share_range(point.recall))


def _recall_row(recall: Recall) -> tuple[Any, ...]:
    median, late = (
        "-" if value is None else f"{value:.0f}" for value in (recall.latency_median_ms, recall.latency_95th_ms)
    )
    return (recall.name, recall.utterances, recall.found, percent(recall.share), _share_range(recall),
            recall.confused, recall.false_accepts, median, late)  # fmt: skip


def _rate_row(rate: Rate, mark: str = "") -> tuple[Any, ...]:
    return (
        rate.name + mark,
        f"{rate.hours:.2f}",
        rate.false_accepts,
        f"{rate.per_hour:.1f}",
        rate_range(rate.low, rate.high),
    )


def _share_range(recall: Recall) -> str:
    return "-" if recall.low is None or recall.high is None else f"{100 * recall.low:.1f} to {100 * recall.high:.1f}"


def rate_range(low: float, high: float) -> str:
    """Returns a confidence interval of false accepts per hour as text."""
    return f"{low:.2f} to {high:.2f}"


def percent(share: float | None) -> str:
    """Returns a share as text; "-" for None."""
    return "-" if share is None else f"{100 * share:.1f} %"
