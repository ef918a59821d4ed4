"""How well models hear people: clips, and streams at a wanted rate of false accepts.

    .venv/bin/python benchmarks/accuracy.py PROJECT --negatives FILE... NAME=BUNDLE... [--seed N]

PROJECT is a project whose dataset has validation clips of the bundles' words; it is not changed. Writes
benchmarks/accuracy.json and, from it, benchmarks/accuracy.md; a NAME that is there already is replaced, others stay.

Nothing is tuned on what is reported: each stream is cut in two halves of time. The detector is chosen on one half, as
`tinykws tune` does, and counted on the other, and the other way round; both counts are added up.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.aot.graph import Graph
from tinykws.aot.reader import read_model
from tinykws.bundle import Bundle, load_bundle
from tinykws.cli.console import ConsoleProgress
from tinykws.clips.dataset import Dataset
from tinykws.clips.folders import VALIDATION
from tinykws.config import DETECTOR_KINDS, DetectorWishes
from tinykws.doors.interpreter import Interpreter
from tinykws.files import write_json, write_text_if_changed
from tinykws.project import Project
from tinykws.scoring import score
from tinykws.streams.material import given_negatives, held_back_noise, make_material
from tinykws.streams.measure import ScoredMaterial, hear, rate_of, recall_of, score_material
from tinykws.streams.scores import ScoredStream
from tinykws.streams.tuning import tune_detector
from tinykws.timeline import Event, StreamScore

FOLDER = Path(__file__).parent
RATES = (0.5, 1.0, 2.0)
MAC_OPS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
HALVES = (0, 1)


def main() -> int:
    """Measures the bundles that are named, and writes table and figures."""
    arguments = _arguments()
    project, progress = Project.load(arguments.project), ConsoleProgress()
    dataset = Dataset.load(project.dataset_dir)
    noise = held_back_noise([project.data_dir, project.synth_dir], VALIDATION)
    material = make_material(dataset, VALIDATION, noise, given_negatives(arguments.negatives), arguments.seed)
    for name, path in arguments.bundles:
        bundle = load_bundle(path)
        progress.say(f"{name}: {bundle.model_id}")
        scored = score_material(bundle, material, progress=progress)
        row = {
            **_cost(bundle),
            "clips": _clip_figures(bundle, dataset),
            "streams": [
                _stream_figures(scored, bundle, kind, rate)
                for kind in DETECTOR_KINDS
                for rate in progress.track(RATES, f"{name}, {kind}")
            ],
        }
        _keep(name, row)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("bundles", nargs="+", type=_named, metavar="NAME=BUNDLE")
    parser.add_argument("--negatives", nargs="+", type=Path, required=True)
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
        "macs": _macs(read_model(model)),
        "arena_bytes": bundle.arena_bytes,
        "arena_measured_by": bundle.arena_measured_by,
    }


def _macs(graph: Graph) -> int:
    """Each output of a convolution or dense layer is a sum over the weights of its channel."""
    total = 0
    for op in graph.ops:
        weights = graph.operand(op, 1) if op.name in MAC_OPS else None
        if weights is not None:
            output = graph.result(op)
            total += output.size * weights.size // output.shape[-1]
    return total


def _clip_figures(bundle: Bundle, dataset: Dataset) -> dict[str, Any]:
    interpreter = Interpreter(bundle.model_bytes())
    answers = np.array([interpreter.invoke(clip).argmax() for clip in dataset.features(VALIDATION)])
    figures = score(np.asarray(dataset.label_ids(VALIDATION)), answers, dataset.labels)
    return {"clips": figures.clips, "accuracy": figures.accuracy, "mean_recall": figures.mean_recall}


def _stream_figures(scored: ScoredMaterial, bundle: Bundle, kind: str, rate: float) -> dict[str, Any]:
    """Chooses on one half and counts on the other, both ways."""
    words = tuple(label.name for label in bundle.labels[2:])
    wishes = DetectorWishes(kind=kind, false_accepts_per_hour=rate, inference_ms=bundle.detector.inference_ms)
    said: dict[str, list[StreamScore]] = {stream.name: [] for stream in scored.words}
    falsely: list[StreamScore] = []
    others: list[StreamScore] = []
    chosen = []
    for half in HALVES:
        tuning = tune_detector(_half(scored, half), bundle.labels, wishes)
        rest = _half(scored, 1 - half)
        for stream, counted in zip(rest.words, hear(rest.words, tuning.detector, words), strict=True):
            said[stream.name].append(counted)
        falsely += hear(rest.negatives, tuning.detector, words)
        others += hear(rest.others, tuning.detector, words)
        chosen.append({"expected_per_hour": tuning.expected_per_hour, **dataclasses.asdict(tuning.detector)})
    return {
        "kind": kind,
        "wanted_per_hour": rate,
        "negatives": dataclasses.asdict(rate_of("negatives", falsely)),
        "other_words": dataclasses.asdict(rate_of("other words", others)),
        "recall": dataclasses.asdict(recall_of("all", [one for scores in said.values() for one in scores])),
        "scenes": [dataclasses.asdict(recall_of(name, scores)) for name, scores in said.items()],
        "detectors": chosen,
    }


def _half(scored: ScoredMaterial, half: int) -> ScoredMaterial:
    cut = dataclasses.replace
    return cut(
        scored,
        words=tuple(_half_stream(stream, half) for stream in scored.words),
        negatives=tuple(_half_stream(stream, half) for stream in scored.negatives),
        others=tuple(_half_stream(stream, half) for stream in scored.others),
    )


def _half_stream(stream: ScoredStream, half: int) -> ScoredStream:
    """Returns the first or second half in time; an utterance belongs to the half in which it begins."""
    middle = stream.duration_ms // 2
    begin, end = (0, middle) if half == 0 else (middle, stream.duration_ms)
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


def _keep(name: str, row: dict[str, Any]) -> None:
    path = FOLDER / "accuracy.json"
    rows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    rows[name] = row
    write_json(path, rows)
    write_text_if_changed(FOLDER / "accuracy.md", _page(rows))


def _page(rows: dict[str, Any]) -> str:
    costs = [
        (name, f"{row['tflite_bytes']:,}", f"{row['macs']:,}", f"{row['arena_bytes']:,}",
         _percent(row["clips"]["accuracy"]), _percent(row["clips"]["mean_recall"]))
        for name, row in rows.items()
    ]  # fmt: skip
    streams = [
        (name, at["kind"], f"{at['wanted_per_hour']:g}", _rate(at["negatives"]), _share(at["recall"]),
         *(_percent(scene["share"]) for scene in at["scenes"]), f"{at['recall']['latency_median_ms'] or 0:.0f}",
         f"{at['other_words']['per_hour']:.0f}")
        for name, row in rows.items()
        for at in row["streams"]
    ]  # fmt: skip
    scenes = [scene["name"] for scene in next(iter(rows.values()))["streams"][0]["scenes"]]
    return TEXT.format(
        costs=_table([".tflite bytes", "MAC", "arena bytes", "clips right", "mean recall"], costs),
        streams=_table(
            ["detector", "wanted per hour", "false accepts per hour", "recall, all scenes", *scenes, "latency ms",
             "per hour of other words"], streams,
        ),
        clips=next(iter(rows.values()))["clips"]["clips"],
    )  # fmt: skip


TEXT = """\
# Accuracy

Made by `benchmarks/accuracy.py`; its head says how. The words are yes and no, spoken by Speech Commands' validation
speakers; ordinary speech is an hour of spoken coffee orders, in which nobody has checked whether a "no" is said.

## Clips

{clips} validation clips of silence, unknown, yes and no, by the int8 model. Arena: TFLite Micro's, on a PC.

{costs}

## Streams

Every word in six scenes: quiet, noise at three levels, a room, right after another word. Half of each stream, and of
the hour of speech, chooses the detector for the rate that is wanted, as `tinykws tune` does; the other half is counted;
and the other way round. In brackets: 95 % limits. Latency: median, from a word's end. Last column: false accepts per
hour of nothing but other single words, with pauses between.

{streams}
"""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [["model", *heads], ["---"] * (len(heads) + 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _share(recall: dict[str, Any]) -> str:
    return f"{_percent(recall['share'])} ({100 * recall['low']:.1f} to {100 * recall['high']:.1f})"


def _rate(rate: dict[str, Any]) -> str:
    return f"{rate['per_hour']:.1f} ({rate['low']:.1f} to {rate['high']:.1f})"


if __name__ == "__main__":
    raise SystemExit(main())
