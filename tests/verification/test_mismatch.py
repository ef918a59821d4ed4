# SPDX-License-Identifier: Apache-2.0
"""Where two sides part: found at the first difference along the pipeline, told with both values, written down."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tinykws.device.protocol import Heard, Scores
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.verification.mismatch import DETECTOR, FEATURES, NOWHERE, SCORES, TRANSPORT, audio_mismatch, first_mismatch
from tinykws.verification.mismatch_files import NO_SCORE, fresh_mismatch_folder, write_both_sides, write_mismatch
from tinykws.verification.pipeline_trace import PipelineTrace

FRONTEND = FrontendSettings()
HOST = PipelineTrace(
    np.random.default_rng(1).integers(-100, 100, (60, 40)).astype(np.int8),
    (Scores(990, (1, 2, 3)), Scores(1090, (4, 5, 6)), Scores(1190, (7, 8, 9))),
    (Heard("yes", 201, 1190),),
)


def changed(at: tuple[int, int], by: int) -> PipelineTrace:
    features = HOST.features.copy()
    features[at] += by
    return dataclasses.replace(HOST, features=features)


def test_a_feature_is_named_by_frame_channel_and_both_values() -> None:
    mismatch = first_mismatch(changed((12, 7), 5), HOST, FRONTEND)
    ours = int(HOST.features[12, 7])
    assert mismatch.stage == FEATURES
    assert mismatch.where == (
        f"frame 12 (ends at 270 ms), channel 7: {ours + 5} on the device, {ours} on the host;"
        " 1 of 2400 values in 1 of 60 frames differ, by 5 at most"
    )
    assert mismatch.advice.startswith("The first 12 frames are equal")
    assert "rounding" not in mismatch.advice


def test_the_first_frame_speaks_against_the_tables() -> None:
    mismatch = first_mismatch(changed((0, 39), -1), HOST, FRONTEND)
    assert "kws_frontend_config.c" in mismatch.advice
    assert "a rounding" in mismatch.advice


def test_any_scores_that_a_device_sends_are_written(tmp_path: Path) -> None:
    """Of any size and number, as long as the check of their line is valid."""
    device = dataclasses.replace(
        HOST, scores=(Scores(990, (1, 65535, 3, 4)), Scores(1090, (-(10**9),)), *HOST.scores[2:])
    )
    write_both_sides(tmp_path, device, HOST, FRONTEND)
    with np.load(tmp_path / "both_sides.npz") as sides:
        scores = sides["device_scores"]
        assert scores.tolist() == [[1, 65535, 3, 4], [-(10**9), *[NO_SCORE] * 3], [7, 8, 9, NO_SCORE]]
        assert sides["host_scores"].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    write_both_sides(tmp_path, dataclasses.replace(HOST, scores=()), HOST, FRONTEND)


def test_missing_frames_are_no_difference_of_values() -> None:
    mismatch = first_mismatch(dataclasses.replace(HOST, features=HOST.features[:50]), HOST, FRONTEND)
    assert (mismatch.stage, mismatch.where[:39]) == (FEATURES, "50 frames on the device, 60 on the host")


@pytest.mark.parametrize(
    ("scores", "where", "advice"),
    [
        ((Scores(990, (1, 2, 4)), *HOST.scores[1:]), "inference 0: 1 2 4 at 990 ms on the device, 1 2 3", "weights"),
        ((*HOST.scores[:2], Scores(1190, (7, 8, 0))), "inference 2: 7 8 0 at 1190 ms on the device", "2 inferences"),
        (HOST.scores[:2], "inference 2: none on the device, 7 8 9 at 1190 ms on the host", "2 inferences"),
    ],
)
def test_scores_are_named_by_inference(scores: tuple[Scores, ...], where: str, advice: str) -> None:
    mismatch = first_mismatch(dataclasses.replace(HOST, scores=scores, heard=()), HOST, FRONTEND)
    assert mismatch.stage == SCORES
    assert mismatch.where.startswith(where)
    assert advice in mismatch.advice


@pytest.mark.parametrize(
    ("heard", "where"),
    [
        ((), "nothing on the device, yes (201) @1190ms on the host"),
        ((Heard("yes", 200, 1190),), "yes (200) @1190ms on the device, yes (201) @1190ms on the host"),
        ((*HOST.heard, Heard("no", 255, 1190)), "no (255) @1190ms on the device, nothing on the host"),
    ],
)
def test_the_detector_is_last(heard: tuple[Heard, ...], where: str) -> None:
    mismatch = first_mismatch(dataclasses.replace(HOST, heard=heard), HOST, FRONTEND)
    assert (mismatch.stage, mismatch.where) == (DETECTOR, where)


def test_what_came_right_the_second_time_is_told_too() -> None:
    assert first_mismatch(HOST, HOST, FRONTEND).stage == NOWHERE


def test_refused_audio_is_the_transports() -> None:
    mismatch = audio_mismatch("crc of the audio is 00000001, announced was 00000002")
    assert mismatch.to_line() == f"{TRANSPORT}: crc of the audio is 00000001, announced was 00000002"


def test_both_sides_are_written_down(tmp_path: Path) -> None:
    device = dataclasses.replace(changed((3, 4), 2), scores=HOST.scores[:2])
    write_both_sides(tmp_path, device, HOST, FRONTEND)
    write_mismatch(tmp_path, "yes/a.wav", first_mismatch(device, HOST, FRONTEND))
    with np.load(tmp_path / "both_sides.npz") as sides:
        assert np.array_equal(sides["device_features"], device.features)
        assert np.array_equal(sides["host_features"], HOST.features)
        assert sides["host_scores"].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
        assert sides["device_times_ms"].tolist() == [990, 1090]
    ours = int(HOST.features[3, 4])
    with (tmp_path / "features.csv").open() as file:
        assert list(csv.reader(file))[1:] == [["3", "90", "4", str(ours + 2), str(ours)]]
    with (tmp_path / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["equal"] for row in rows] == ["yes", "yes", "NO"]
    assert (rows[2]["device"], rows[2]["host"], rows[2]["end_ms"]) == ("", "7 8 9", "1190")
    words = (tmp_path / "mismatch.txt").read_text()
    assert words.startswith("yes/a.wav\nfeatures: frame 3 ")


def test_the_folder_holds_one_runs_files(tmp_path: Path) -> None:
    folder = fresh_mismatch_folder(tmp_path / "verify.jsonl")
    folder.mkdir()
    (folder / "old").touch()
    assert fresh_mismatch_folder(tmp_path / "verify.jsonl") == folder
    assert not folder.exists()
