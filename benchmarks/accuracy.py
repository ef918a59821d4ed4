# SPDX-License-Identifier: Apache-2.0
"""Accuracy of models on recorded speech: on clips, and on streams at a given rate of false accepts.

    .venv/bin/python benchmarks/accuracy.py PROJECT NAME[/SEED]=BUNDLE... --negatives FILE... [--seed N]
    .venv/bin/python benchmarks/accuracy.py PROJECT NAME[/SEED]=BUNDLE...          clips only
    .venv/bin/python benchmarks/accuracy.py --page                                 only writes the page again

PROJECT is a project whose dataset has validation clips of the bundles' words; it is not changed. Writes
benchmarks/accuracy.json and, from it, benchmarks/accuracy.md; an existing NAME/SEED is replaced, others
stay. Trainings of a NAME that differ by their SEED are one row: their mean, the lowest and the highest.

Nothing is tuned on what is reported: each stream is cut in two halves of time. The detector is chosen on one half, as
`tinykws tune` does, and counted on the other, and the other way round; both counts are added up. The curve is made of
the same detectors with their thresholds moved together, as `evaluate --stream` draws it: what a rate would allow if the
threshold for it were known.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hearing.macs import macs_of

from tinykws.aot.reader.tflite import read_model
from tinykws.cli.console import ConsoleProgress
from tinykws.evaluation.confidence_intervals import rate_interval, share_interval
from tinykws.evaluation.scoring import score
from tinykws.evaluation.stream_measure import (
    ScoredStreamSet,
    rate_of,
    recall_of,
    score_detector,
    score_stream_set,
    with_moved_thresholds,
)
from tinykws.evaluation.stream_scores import ScoredStream
from tinykws.evaluation.stream_set import held_back_noise, named_negatives, plan_stream_set
from tinykws.evaluation.timeline import Event, StreamScore
from tinykws.evaluation.tuning import Tuning, tune_detector
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.project.detector_settings import DETECTOR_KINDS, DetectorRequest, DetectorSettings
from tinykws.project.labels import FIRST_WORD
from tinykws.project.layout import Project
from tinykws.support.files import write_json, write_text_if_changed
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import VALIDATION

FOLDER = Path(__file__).parent
RATES = (0.5, 1.0, 2.0)
HALVES = (0, 1)
QUOTED = 1.0
"""The rate of false accepts for which tables with room for one column give each scene's recall."""


def main() -> int:
    """Measures the bundles named on the command line; writes the JSON file and the page."""
    arguments = _arguments()
    if not arguments.page:
        _measure(arguments)
    write_text_if_changed(FOLDER / "accuracy.md", _page(_rows()))
    return 0


def _measure(arguments: argparse.Namespace) -> None:
    project, progress = Project.load(arguments.project), ConsoleProgress()
    dataset = Dataset.load(project.dataset_dir)
    stream_set = None
    if arguments.negatives:
        noise = held_back_noise([project.data_dir, project.synth_dir], VALIDATION)
        stream_set = plan_stream_set(dataset, VALIDATION, noise, named_negatives(arguments.negatives), arguments.seed)
    for name, path in arguments.bundles:
        bundle = load_bundle(path)
        progress.say(f"{name}: {bundle.model_id}")
        row = {
            **_cost(bundle),
            "words": dataset.labels[FIRST_WORD:],
            "clips": _clip_figures(bundle, dataset),
            "streams": [],
        }
        if stream_set is not None:
            scored = score_stream_set(bundle, stream_set, progress=progress)
            halves = [_half(scored, half) for half in HALVES]
            row["curves"] = []
            for kind in DETECTOR_KINDS:
                chosen = {
                    rate: _chosen(halves, bundle, kind, rate) for rate in progress.track(RATES, f"{name}, {kind}")
                }
                row["streams"] += [_stream_figures(halves[::-1], bundle, rate, chosen[rate]) for rate in RATES]
                row["curves"].append(_curve(halves[::-1], bundle, [tuning.detector for tuning in chosen[QUOTED]]))
        _keep(name, row)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?")
    parser.add_argument("bundles", nargs="*", type=_named, metavar="NAME=BUNDLE")
    parser.add_argument("--negatives", nargs="+", type=Path, default=[])
    parser.add_argument("--page", action="store_true", help="measure nothing")
    parser.add_argument("--seed", type=int, default=1, help="of pauses, order, noise and rooms")
    return parser.parse_args()


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.rpartition("=")
    return name, Path(path)


def _cost(bundle: Bundle) -> dict[str, Any]:
    model = bundle.model_bytes()
    return {
        "model_id": bundle.model_id,
        "tflite_bytes": len(model),
        "macs": macs_of(read_model(model)),
        "arena_bytes": bundle.arena_bytes,
        "arena_measured_by": bundle.arena_measured_by,
    }


def _clip_figures(bundle: Bundle, dataset: Dataset) -> dict[str, Any]:
    interpreter = Interpreter(bundle.model_bytes())
    answers = np.array([interpreter.invoke(clip).argmax() for clip in dataset.features(VALIDATION)])
    figures = score(np.asarray(dataset.label_ids(VALIDATION)), answers, dataset.labels)
    return {"clips": figures.clips, "accuracy": figures.accuracy, "mean_recall": figures.mean_recall}


def _chosen(halves: Sequence[ScoredStreamSet], bundle: Bundle, kind: str, rate: float) -> list[Tuning]:
    """Returns the detector that each half would have."""
    wishes = DetectorRequest(
        kind=kind, false_accepts_per_hour=rate, inference_stride_ms=bundle.detector.inference_stride_ms
    )
    return [tune_detector(half, bundle.labels, wishes) for half in halves]


def _stream_figures(
    rests: Sequence[ScoredStreamSet], bundle: Bundle, rate: float, chosen: Sequence[Tuning]
) -> dict[str, Any]:
    """Counts what each detector, chosen on one half, does on the other."""
    words = _words(bundle)
    said: dict[str, list[StreamScore]] = {stream.name: [] for stream in rests[0].words}
    falsely: list[StreamScore] = []
    others: list[StreamScore] = []
    for rest, tuning in zip(rests, chosen, strict=True):
        for stream, counted in zip(rest.words, score_detector(rest.words, tuning.detector, words), strict=True):
            said[stream.name].append(counted)
        falsely += score_detector(rest.negatives, tuning.detector, words)
        others += score_detector(rest.others, tuning.detector, words)
    return {
        "kind": chosen[0].detector.kind,
        "wanted_per_hour": rate,
        "negatives": dataclasses.asdict(rate_of("negatives", falsely)),
        "other_words": dataclasses.asdict(rate_of("other words", others)),
        "recall": dataclasses.asdict(recall_of("all", [one for scores in said.values() for one in scores])),
        "scenes": [dataclasses.asdict(recall_of(name, scores)) for name, scores in said.items()],
        "detectors": [
            {
                "expected_per_hour": tuning.expected_per_hour,
                "thresholds": tuning.detector.thresholds(len(bundle.labels))[FIRST_WORD:],
                "suppression_ms": tuning.detector.suppression_ms,
            }
            for tuning in chosen
        ],
    }


def _curve(rests: Sequence[ScoredStreamSet], bundle: Bundle, detectors: Sequence[DetectorSettings]) -> dict[str, Any]:
    """Returns the highest recall at each rate, of detectors whose thresholds are moved together."""
    words = _words(bundle)
    points: dict[float, dict[str, Any]] = {}
    for by in range(255, -256, -1):  # from nothing heard to everything
        settings = [with_moved_thresholds(detector, by, len(bundle.labels)) for detector in detectors]
        at_once = zip(rests, settings, strict=True)
        rate = rate_of("all", [one for rest, how in at_once for one in score_detector(rest.negatives, how, words)])
        if rate.per_hour > max(RATES):
            break
        for wanted in RATES:
            if rate.per_hour <= wanted:
                points[wanted] = {"settings": settings, "per_hour": rate.per_hour}
    return {
        "kind": detectors[0].kind,
        "points": [
            {"wanted_per_hour": wanted, "per_hour": at["per_hour"], **_heard_words(rests, at["settings"], words)}
            for wanted, at in points.items()
        ],
    }


def _words(bundle: Bundle) -> tuple[str, ...]:
    return tuple(label.name for label in bundle.labels[FIRST_WORD:])


def _heard_words(
    rests: Sequence[ScoredStreamSet], settings: Sequence[DetectorSettings], words: Sequence[str]
) -> dict[str, Any]:
    """Returns the recall of detectors, each on a stream set of its own: of all scenes, and of each."""
    halves = [score_detector(rest.words, how, words) for rest, how in zip(rests, settings, strict=True)]
    scenes = [recall_of(stream.name, scores) for stream, *scores in zip(rests[0].words, *halves, strict=True)]
    together = recall_of("all", [score for scores in halves for score in scores])
    return {
        "recall": dataclasses.asdict(together),
        "scenes": [{"name": scene.name, "share": scene.share} for scene in scenes],
    }


def _half(scored: ScoredStreamSet, half: int) -> ScoredStreamSet:
    cut = dataclasses.replace
    return cut(
        scored,
        words=tuple(_half_stream(stream, half) for stream in scored.words),
        negatives=tuple(_half_stream(stream, half) for stream in scored.negatives),
        others=tuple(_half_stream(stream, half) for stream in scored.others),
    )


def _half_stream(stream: ScoredStream, half: int) -> ScoredStream:
    """Returns the first or second half in time; an utterance belongs to the half in which it begins."""
    middle, whole = (stream.lead_in_ms + part for part in (stream.duration_ms // 2, stream.duration_ms))
    begin, end = (stream.lead_in_ms, middle) if half == 0 else (middle, whole)
    inside = (stream.times_ms >= begin) & (stream.times_ms < end)
    return ScoredStream(
        stream.name,
        end - begin,
        tuple(
            Event(event.start_ms - begin, event.end_ms - begin, event.label)
            for event in stream.events
            if begin <= event.start_ms < end
        ),
        stream.times_ms[inside] - np.uint32(begin),
        stream.scores[inside],
    )


def _rows() -> dict[str, Any]:
    path = FOLDER / "accuracy.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _keep(name: str, row: dict[str, Any]) -> None:
    write_json(FOLDER / "accuracy.json", {**_rows(), name: row})


def _page(rows: dict[str, Any]) -> str:
    models: dict[str, list[dict[str, Any]]] = {}
    for name, row in rows.items():
        models.setdefault(name.partition("/")[0], []).append(row)
    streams = _lines(models, "streams", _stream_line)
    curves = _lines(models, "curves", _curve_line)
    heard = next(row["streams"] for row in rows.values() if row["streams"])
    return TEXT.format(
        costs=_table(
            ["words", ".tflite bytes", "MAC", "arena bytes", "seeds", "clips", "clips right", "mean recall"],
            [(name, *_cost_line(seeds)) for name, seeds in models.items()],
        ),
        curves=_table(
            ["detector", "seeds", *(f"recall at {rate:g} an hour" for rate in RATES),
             *(f"{scene['name']}, at {QUOTED:g}" for scene in heard[0]["scenes"])], curves,
        ),
        streams=_table(
            ["detector", "wanted per hour", "seeds", "false accepts per hour", "recall, all scenes",
             *(scene["name"] for scene in heard[0]["scenes"]), "latency ms", "per hour of other words"], streams,
        ),
    )  # fmt: skip


def _cost_line(seeds: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    first = seeds[0]
    costs = [f"{first[name]:,}" for name in ("tflite_bytes", "macs", "arena_bytes")]
    figures = [_spread([row["clips"][name] for row in seeds]) for name in ("accuracy", "mean_recall")]
    return (", ".join(first["words"]), *costs, str(len(seeds)), str(first["clips"]["clips"]), *figures)


def _lines(
    models: dict[str, list[dict[str, Any]]], figures: str, line: Callable[[Sequence[dict[str, Any]]], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Returns each model's rows; a row combines the entries at the same index in the lists of its seeds."""
    return [
        (name, *line(together))
        for name, seeds in models.items()
        for together in zip(*(row[figures] for row in seeds if row["streams"]), strict=True)
    ]


def _stream_line(seeds: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    hours = sum(at["negatives"]["hours"] for at in seeds)
    count = sum(at["negatives"]["false_accepts"] for at in seeds)
    low, high = rate_interval(count, hours)
    scenes = [[at["scenes"][number]["share"] for at in seeds] for number in range(len(seeds[0]["scenes"]))]
    return (
        seeds[0]["kind"],
        f"{seeds[0]['wanted_per_hour']:g}",
        str(len(seeds)),
        f"{count / hours:.1f} ({low:.1f} to {high:.1f})",
        _found([at["recall"] for at in seeds]),
        *(_spread(shares) for shares in scenes),
        f"{np.mean([at['recall']['latency_median_ms'] or 0 for at in seeds]):.0f}",
        f"{np.mean([at['other_words']['per_hour'] for at in seeds]):.0f}",
    )


def _curve_line(seeds: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    points = [{point["wanted_per_hour"]: point for point in one["points"]} for one in seeds]
    quoted = [at[QUOTED]["scenes"] for at in points]
    return (
        seeds[0]["kind"],
        str(len(seeds)),
        *(_found([at[rate]["recall"] for at in points]) for rate in RATES),
        *(_spread([scenes[number]["share"] for scenes in quoted]) for number in range(len(quoted[0]))),
    )


def _found(recalls: Sequence[dict[str, Any]]) -> str:
    """Returns the pooled recall of several, with its confidence interval."""
    found, said = (sum(recall[name] for recall in recalls) for name in ("found", "utterances"))
    limits = share_interval(found, said)
    assert limits is not None
    return f"{_percent(found / said)} ({100 * limits.low:.1f} to {100 * limits.high:.1f})"


TEXT = """\
# Accuracy

Made by `benchmarks/accuracy.py`; its head says how. The words are spoken by Speech Commands' validation speakers, of
whom nothing was trained on; ordinary speech is an hour of spoken coffee orders.

## Clips

Validation clips of silence, unknown and the words, by the int8 model; mean recall is that of all labels. Where there
are several trainings, which differ by their seed: the mean (lowest to highest). Arena: TFLite Micro's, on a PC.

{costs}

## Streams

Every word in six scenes: quiet, noise at three levels, a room, right after another word. Half of each stream, and of
the hour of speech, chooses the detector for the rate that is wanted, as `tinykws tune` does; the other half is counted;
and the other way round. Of several seeds: false accepts and recall of all scenes are counted together, with their 95 %
limits in brackets; in the scenes' columns brackets hold the lowest and the highest. Latency: median, from a word's end.
Last column: false accepts per hour of nothing but other single words, with pauses between.

{streams}

## At a rate

The same detectors, their thresholds moved together until the hour of speech, all of it, has at most 0.5, 1 or 2 false
accepts: what a model is capable of, where the table above has what somebody gets who must choose the threshold without
the half that is counted. Recall is that of all scenes with its limits, then of each scene at one an hour.

{curves}
"""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [["model", *heads], ["---"] * (len(heads) + 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _spread(shares: Sequence[float]) -> str:
    """Returns the mean; of several values, also the lowest and the highest."""
    mean = _percent(float(np.mean(shares)))
    return mean if len(shares) == 1 else f"{mean} ({100 * min(shares):.1f} to {100 * max(shares):.1f})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    raise SystemExit(main())
