# SPDX-License-Identifier: Apache-2.0
"""The end of `build`: how good the detector is, in text and in JSON; for an imported model, that nobody measured it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_model import tiny_bundle

from tinykws.boards.rows import find_board
from tinykws.cli.build_quality import build_quality, describe_quality
from tinykws.cli.main import run
from tinykws.cli.workplace import Workplace
from tinykws.cost.architecture_cost import NetworkCost
from tinykws.evaluation.detector_quality import METRICS_KEY
from tinykws.evaluation.epoch_records import EpochRecord
from tinykws.evaluation.left_out import RecordingsGain
from tinykws.evaluation.spoken_by import (
    ENGINES_HELD_BACK,
    ENGINES_OF_TRAINING,
    FEW_PEOPLE,
    PEOPLE,
    recall_expected_of_people,
)
from tinykws.evaluation.stream_measure import Rate, Recall
from tinykws.model.bundle import JSON_NAME, load_bundle
from tinykws.project.layout import Project
from tinykws.stages.train import TrainReport
from tinykws.support.files import write_json

GENERATE = ["build", "--board", "host", "--no-compile"]


def add_figures(bundle: Path, *, found: int, spoken_by: str | None = None) -> None:
    """Adds what tune would have found, and that tinykws trained the model."""
    scenes = [Recall(name, 100, found, 0, 0, found / 100, 0.0, 1.0) for name in ("quiet", "noise 20 dB")]
    figures = {
        "false_accepts_per_hour_wanted": 0.5,
        "false_accepts_per_hour_expected": 0.31,
        "negatives": dataclasses.asdict(Rate("all", 1.5, 0, 0.0, 0.0, 2.0)),
        "recall": dataclasses.asdict(scenes[0]),
        "scenes": [dataclasses.asdict(scene) for scene in scenes],
        "words": [],
        "synthetic_negatives": True,
        "spoken_by": spoken_by,
    }
    path = bundle / JSON_NAME
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "origin": "trained", "metrics": {METRICS_KEY: figures}})
    )


def build(folder: Path, bundle: Path, *options: str) -> int:
    return run([*GENERATE, "--project", str(folder), "--bundle", str(bundle), *options])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return tiny_bundle(tmp_path / "bundle").path


def as_json(folder: Path, bundle: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert build(folder, bundle, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert isinstance(values, dict)
    assert "project" in values
    return values


def test_an_imported_model_is_not_measured(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(tmp_path, bundle) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "how good the detector is: not measured, because the model was imported" in printed
    assert as_json(tmp_path, bundle, capsys)["detector_quality"] is None


def test_a_good_detector(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_figures(bundle, found=93)
    assert build(tmp_path, bundle) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "quiet:       93 of 100 spoken words found (100 tried)" in lines
    assert "noise:       93 of 100 spoken words found (100 tried)" in lines
    assert "false accepts: 0.31 an hour expected, 0.5 wanted" in lines
    assert "counted: 0 in 1.50 hours of other words joined into sentences; too few hours to be sure" in lines
    assert not any("POOR" in line for line in lines)
    quality = as_json(tmp_path, bundle, capsys)["detector_quality"]
    assert (quality["is_poor"], quality["advice"]) == (False, [])
    assert quality["found"][0] == {"name": "quiet", "said": 100, "found": 93}


@pytest.mark.parametrize(
    ("spoken_by", "told", "of_100"),
    [
        (ENGINES_OF_TRAINING, "people: how many words of people are found is not known: synthetic voices", None),
        (ENGINES_HELD_BACK, "people: of 100 words that people say, about", round(100 * recall_expected_of_people(0.9))),
        (FEW_PEOPLE, "people: how many words of other people are found is not known", None),
        (PEOPLE, None, 90),
        (None, None, None),
    ],
)
def test_what_is_promised_of_people(
    spoken_by: str | None, told: str | None, of_100: int | None, bundle: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    add_figures(bundle, found=90, spoken_by=spoken_by)
    assert build(tmp_path, bundle) == 0
    printed = " ".join(capsys.readouterr().out.split())
    if told is None:
        assert "people:" not in printed
        assert "on clips that nothing was chosen on: tinykws evaluate" in printed
    else:
        assert told in printed
        assert "What tells: recordings of at least five people" in printed
        assert "yes --count 20 --speaker NAME" in printed
        assert "tinykws evaluate" not in printed, "more clips of the same voices tell nothing of people"
    assert as_json(tmp_path, bundle, capsys)["detector_quality"]["people_of_100"] == of_100


def test_a_poor_detector_comes_with_what_would_help(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_figures(bundle, found=49)
    assert build(tmp_path, bundle) == 0
    printed = capsys.readouterr().out
    assert "This detector is POOR. What would help, the most helpful first:" in printed
    assert "tinykws architectures" in printed
    quality = as_json(tmp_path, bundle, capsys)["detector_quality"]
    assert quality["is_poor"]
    assert len(quality["advice"]) >= 2


def test_what_recordings_gave_is_said(bundle: Path, tmp_path: Path) -> None:
    """As train reported it; without such a report nothing is said."""
    add_figures(bundle, found=93, spoken_by=PEOPLE)
    project = tmp_path / "project"
    shutil.copytree(bundle, project / "build" / "bundle")
    (project / "kws.yaml").write_text("words: [yes]\n")
    place = Workplace(load_bundle(project / "build" / "bundle"), project / "build", project)
    board = find_board("host")
    assert build_quality(place, board).recordings is None
    gain = RecordingsGain(20, 4, 3, by_speaker=True, share=0.5, per_hour=0.5, found_without=6, found_with=15, used=True)
    cost = NetworkCost("stream_medium", 1, 1, 1, 1, 1, 1, ("CONV_2D",))
    report = TrainReport(cost, 9, 9, 1, EpochRecord(1, 0.1, 0.9, 0.1, 0.9, 0.9), 60.0, gain)
    write_json(project / "build" / "stamps" / "train.json", {"report": dataclasses.asdict(report)})
    quality = build_quality(place, board)
    assert quality.recordings == gain
    told = " ".join(describe_quality(quality).split())
    assert "recordings: 20 recordings of 4 speakers, left out in 3 turns by speaker" in told
    assert "fine-tuned on the others find 15 of 20, the one of synthetic clips 6" in told
    values = quality.to_dict()
    assert values is not None
    assert values["recordings"]["found_with"] == 15


def test_advice_is_from_what_the_project_has(bundle: Path, learned_project: Project) -> None:
    """Its clips are none of people: record them first, then fetch other words."""
    add_figures(bundle, found=49)
    metrics = load_bundle(bundle).metrics
    mine = dataclasses.replace(load_bundle(learned_project.bundle_dir), metrics=metrics)
    board = find_board("host")
    own = build_quality(Workplace(mine, learned_project.build_dir, learned_project.root), board)
    assert "so far only synthetic voices spoke low, high" in own.advice[0]
    assert own.advice[1].startswith("fetch recordings of other words")
    from_elsewhere = dataclasses.replace(mine, path=bundle)
    other = build_quality(Workplace(from_elsewhere, learned_project.build_dir, learned_project.root), board)
    assert other.advice == own.advice[2:]
