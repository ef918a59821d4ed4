# SPDX-License-Identifier: Apache-2.0
"""A grammar from the bundle to the device: files, identity, detect, evaluate --stream, verify."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from tiny_model import EAGER, FRONTEND, INPUT, OUTPUT, speech_tflite, tiny_bundle, write_walk

from tinykws.boards.rows import find_board
from tinykws.evaluation.stream_measure import ScoredStreamSet, measure
from tinykws.evaluation.stream_scores import ScoredStream
from tinykws.model.bundle import JSON_NAME, Bundle, TensorInfo, load_bundle, write_bundle
from tinykws.model.own_models import trust
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.grammar import OpenAfter
from tinykws.project.identity import different_parts
from tinykws.project.labels import labels_of_words
from tinykws.project.layout import Project
from tinykws.stages.build import build
from tinykws.stages.detect import NothingHeard, detect
from tinykws.stages.generate import generate, project_files
from tinykws.stages.tune import stage_files, tune
from tinykws.stages.verify import find_clips, verify
from tinykws.support.errors import ConfigError

FIRST, SECOND = 2, 3


def bundle_with(folder: Path, *grammar: OpenAfter) -> Bundle:
    """A bundle of two words that are heard in noise now and then."""
    model = speech_tflite((1, 160), scale=INPUT.scale)
    trust(model)
    base = tiny_bundle(folder / "base")
    bundle = dataclasses.replace(
        base,
        path=folder / "bundle",
        model_sha256=hashlib.sha256(model).hexdigest(),
        labels=labels_of_words(["one", "two"]),
        frontend=FRONTEND,
        detector=dataclasses.replace(EAGER, grammar=grammar),
        input=INPUT,
        output=TensorInfo((1, 4), OUTPUT.scale, OUTPUT.zero_point),
        golden=(),
    )
    return write_bundle(bundle, model, {})


def json_of(bundle: Bundle) -> dict[str, object]:
    values: dict[str, object] = json.loads((bundle.path / JSON_NAME).read_text())["detector"]
    return values


def test_a_bundle_keeps_its_grammar_and_without_one_is_what_it_was(tmp_path: Path) -> None:
    plain = bundle_with(tmp_path / "plain")
    assert "grammar" not in json_of(plain)
    assert load_bundle(plain.path).detector.grammar == ()
    rule = OpenAfter(SECOND, FIRST, 4000)
    ruled = bundle_with(tmp_path / "ruled", rule)
    assert json_of(ruled)["grammar"] == [{"word": 3, "after": 2, "window_ms": 4000}]
    assert load_bundle(ruled.path).detector.grammar == (rule,)


def test_the_identity_includes_the_grammar_and_changes_only_with_it(tmp_path: Path) -> None:
    """Firmware from before there were grammars has the identity of a bundle without one."""
    plain = bundle_with(tmp_path / "plain")
    identities = [bundle_with(tmp_path / str(ms), OpenAfter(SECOND, FIRST, ms)).identity for ms in (4000, 4001)]
    assert different_parts(plain.identity, identities[0]) == ("detector",)
    assert different_parts(*identities) == ("detector",)
    assert dataclasses.replace(plain, detector=EAGER).identity == plain.identity


@pytest.mark.parametrize("number", [0, 1, 4, -1, 2**16])
def test_a_strangers_bundle_with_a_wrong_number_is_refused(tmp_path: Path, number: int) -> None:
    bundle = bundle_with(tmp_path, OpenAfter(SECOND, FIRST, 4000))
    path = bundle.path / JSON_NAME
    values = json.loads(path.read_text())
    values["detector"]["grammar"][0]["word"] = number
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match="grammar: a label's number"):
        load_bundle(bundle.path)


def test_a_word_that_cannot_be_reached_is_refused_in_a_bundle_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'two' can never be heard"):
        bundle_with(tmp_path, OpenAfter(SECOND, SECOND, 4000))


def test_c_gets_the_rules_and_nothing_without_them(tmp_path: Path) -> None:
    host = find_board("host")
    settings = "include/kws_settings.h"
    assert b"KWS_GRAMMAR" not in project_files(bundle_with(tmp_path / "a"), host, "aot")[settings]
    ruled = project_files(bundle_with(tmp_path / "b", OpenAfter(SECOND, FIRST, 4000)), host, "aot")[settings]
    assert b"#define KWS_GRAMMAR { {3, 2, 4000} }" in ruled


def heard_by(bundle: Bundle, path: Path) -> list[str]:
    return [heard.label.text for heard in detect(bundle, path)]


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    return write_walk(tmp_path / "walk.wav", 20)


def test_detect_hears_what_the_grammar_allows(tmp_path: Path, walk: Path) -> None:
    free = [(heard.time_ms, heard.label.text) for heard in detect(bundle_with(tmp_path / "free"), walk)]
    assert {text for _, text in free} == {"one", "two"}
    ruled = bundle_with(tmp_path / "ruled", OpenAfter(SECOND, FIRST, 1000))
    opened = -(10**9)
    for heard in detect(ruled, walk):
        if heard.label.text == "one":
            opened = heard.time_ms
        else:
            assert heard.time_ms - opened <= 1000
    assert heard_by(ruled, walk).count("two") < [text for _, text in free].count("two")


def test_detect_says_when_only_the_grammar_kept_a_word_from_being_heard(tmp_path: Path, walk: Path) -> None:
    free = bundle_with(tmp_path / "free")
    first = next(detect(free, walk)).label.text
    other = {"one": SECOND, "two": FIRST}[first]
    word = {"one": FIRST, "two": SECOND}[first]
    bundle = dataclasses.replace(free, detector=dataclasses.replace(EAGER, grammar=(OpenAfter(word, other, 1000),)))
    thresholds = (60, 255) if word == FIRST else (255, 60)  # so that the other one is never heard
    bundle = dataclasses.replace(bundle, detector=dataclasses.replace(bundle.detector, word_thresholds=thresholds))
    told: list[NothingHeard] = []
    assert list(detect(bundle, walk, on_nothing=told.append)) == []
    (why,) = told
    opener = bundle.labels[other].text
    assert why.label == bundle.labels[word]
    assert why.score > why.threshold == 60
    assert why.in_words().endswith(f"above its threshold 60, but the grammar wants {opener} before it")


def scored(name: str, words: list[tuple[int, int]], seconds: int) -> ScoredStream:
    times = np.arange(100, seconds * 1000, 100, dtype=np.uint32)
    scores = np.full((len(times), 4), -128, np.int8)
    scores[:, 0] = 127
    for time_ms, label in words:
        scores[time_ms // 100 : time_ms // 100 + 6, [0, label]] = (-128, 127)
    return ScoredStream(name, seconds * 1000, (), times, scores)


def test_evaluate_says_what_the_grammar_does_to_false_accepts() -> None:
    """Six minutes in which a wake word is falsely heard once, and commands five times: once within its window."""
    false = [(10_000, SECOND), (20_000, FIRST), (22_000, SECOND), (40_000, SECOND), (50_000, SECOND), (60_000, SECOND)]
    streams = ScoredStreamSet((scored("quiet", [], 60),), (scored("talk", false, 360),), ())
    plain = DetectorSettings(average_window_ms=300, threshold=150, suppression_ms=500, minimum_count=1)
    ruled = dataclasses.replace(plain, grammar=(OpenAfter(SECOND, FIRST, 4000),))
    labels = labels_of_words(["one", "two"])
    assert measure(streams, plain, labels).grammar is None
    figures = measure(streams, ruled, labels)
    assert figures.grammar is not None
    assert [rate.false_accepts for rate in figures.grammar.words] == [1, 1]
    assert (figures.grammar.rate.false_accepts, figures.grammar.rate.per_hour) == (2, 20)
    assert figures.grammar.without == figures.deployed.rate
    assert figures.grammar.without.false_accepts == 6
    assert figures.deployed == measure(streams, plain, labels).deployed
    assert figures.detector == ruled


@pytest.mark.slow
def test_a_device_with_a_grammar_hears_what_the_host_hears(tmp_path: Path, walk: Path) -> None:
    host = find_board("host")
    bundle = bundle_with(tmp_path / "ruled", OpenAfter(SECOND, FIRST, 1000))
    generate(bundle, host, None, tmp_path / "project")
    program = build(tmp_path / "project", host).program
    report = verify(bundle, host, program, find_clips([walk], ()))
    assert report.passed, report.reason
    words = [detection.split(" ")[0] for detection in report.clips[0].detections]
    assert words == heard_by(bundle, walk)
    assert len(words) < len(heard_by(bundle_with(tmp_path / "free"), walk))


def test_tune_writes_the_grammar_and_runs_again_when_it_changes(tmp_path: Path) -> None:
    bundle = bundle_with(tmp_path)
    folder = tmp_path / "project"
    folder.mkdir()
    written, settings = [], []
    for grammar in ("", "grammar: [{after: one, words: two}]\n", "grammar: [{after: one, words: two, seconds: 2}]\n"):
        (folder / "kws.yaml").write_text(f"words: [one, two]\ndetector: {{threshold: 60}}\n{grammar}")
        project = Project.load(folder)
        write_bundle(dataclasses.replace(bundle, path=project.quantized_dir), bundle.model_bytes(), {})
        tune(project)
        written.append(load_bundle(project.bundle_dir).detector.grammar)
        settings.append(stage_files(project).settings)
    assert written == [(), (OpenAfter(SECOND, FIRST, 4000),), (OpenAfter(SECOND, FIRST, 2000),)]
    assert settings[0] != settings[1] != settings[2]
    assert set(settings[0]) == {"detector"}, "a project without a grammar stays up to date"
