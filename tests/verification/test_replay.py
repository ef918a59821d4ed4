# SPDX-License-Identifier: Apache-2.0
"""For machines: JUnit, and a log that gives the same again without a device."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from correct_device import GoodDevice
from device_port import NAME, DevicePort
from fake_device import FakeDevice
from hypothesis import given, settings
from hypothesis import strategies as st
from log_text import write_entries
from tiny_model import tiny_bundle

from tinykws.audio.files import write_wav
from tinykws.boards.rows import find_board
from tinykws.cli.main import run as tinykws
from tinykws.device.line_checksum import split_check, with_check
from tinykws.device.session_log import KINDS, LogEntry, open_log, read_entries
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.project.labels import labels_of_words
from tinykws.stages.verify import ClipFile, find_clips, verify
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.verification.clip_report import VerifyReport, report_of
from tinykws.verification.junit import junit_of

HOST = find_board("host")


class Mixed(GoodDevice):
    """Right on the first clip, wrong on the second, silent on the third, gone at the fourth."""

    def hear(self, line: str) -> None:
        if self.clips > 2 and line.startswith("@"):
            return
        if self.clips > 5 and line:
            raise DeviceError("gone")
        super().hear(line)

    def give(self, text: str) -> None:
        wrong = self.clips == 2 and text.startswith("kws clip")
        super().give(text.replace("frames=", "frames=1") if wrong else text)


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle with the same labels and another model."""
    return tiny_bundle(tmp_path_factory.mktemp("other") / "bundle", per_channel=True)


@pytest.fixture(scope="module")
def log_path(tiny_model_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a run in which all went well."""
    return run(tiny_model_bundle, GoodDevice(tiny_model_bundle), tmp_path_factory.mktemp("good"))


def run(bundle: Bundle, device: FakeDevice, folder: Path, **options: Any) -> Path:
    clips: list[ClipFile] = []
    for number, label in enumerate(("yes", "no", "_silence_", "maybe")):
        path = folder / label / f"a & b <{number}>\x01.wav"
        path.parent.mkdir()
        write_wav(path, np.random.default_rng(number).normal(0, 3000, 8000).astype(np.int16))
        clips += find_clips([path], labels_of_words(["yes"]))
    log_path = folder / "verify.jsonl"
    report = verify(bundle, HOST, NAME, clips, log_path=log_path, port_access=DevicePort(device), **options)
    assert report_of(read_entries(log_path.read_text()), log_path) == report
    return log_path


def report_at(path: Path) -> VerifyReport:
    return report_of(read_entries(path.read_text()), path)


def test_a_replay_shows_and_writes_what_the_run_did(
    log_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--json", str(tmp_path / "r.json"), "--junit", str(tmp_path / "r.xml")]
    assert tinykws(["verify", "--replay", str(log_path), *files]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == "PASS"
    assert "device = host on 4 of 4 clips" in shown
    assert json.loads((tmp_path / "r.json").read_text()) == json.loads(json.dumps(report_at(log_path).to_dict()))
    assert (tmp_path / "r.xml").read_text() == junit_of(report_at(log_path))


def test_a_replay_may_ask_for_more(log_path: Path) -> None:
    assert tinykws(["verify", "--replay", str(log_path), "--min-accuracy", "1.0"]) == 1


DAMAGED = [
    ("clips", 10**19),
    ("clips", float("nan")),
    ("clips", "4"),
    ("sample_rate_hz", 10**400),
    ("labels", [{"name": float("nan"), "text": "yes"}]),
    ("labels", [{"name": [], "text": "yes"}]),
    ("labels", [{"name": "yes", "text": {}}]),
    ("lead_in_ms", float("inf")),
    ("refused", ["x"]),
    ("board", {"a": 1e999}),
]


@pytest.mark.parametrize(("key", "value"), DAMAGED, ids=range(len(DAMAGED)))
def test_a_run_entry_with_a_value_of_another_kind_is_refused(
    log_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, value: object
) -> None:
    first, *rest = read_entries(log_path.read_text())
    run_entry = dataclasses.replace(first, text=json.dumps({**json.loads(first.text), key: value}))
    (tmp_path / "log").write_text(write_entries([run_entry, *rest]))
    assert tinykws(["replay", str(tmp_path / "log"), "--json", "-"]) == 2
    assert "the log's first entry is damaged" in capsys.readouterr().err


def test_a_plan_of_any_number_of_clips_is_compared_at_once(log_path: Path, tmp_path: Path) -> None:
    """A set of so many numbers would take all memory."""
    first, *rest = read_entries(log_path.read_text())
    entries = [dataclasses.replace(first, text=json.dumps({**json.loads(first.text), "clips": 2**45})), *rest]
    report = report_of(entries, tmp_path)
    assert "the log has only 4 of the 35184372088832 planned clips; missing: clip 5, 6, 7, 8, 9 …" in report.reason


@pytest.mark.parametrize("line", ["[" * 5000, '{"ms":' * 3000, '{"ms": 1, "ms": 2}', "9" * 5000], ids=range(4))
def test_a_line_that_is_no_entry_is_refused(log_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match="line 2 of the log is damaged"):
        read_entries("\n".join([log_path.read_text().split("\n")[0], line]))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1", "1" + "0" * 30, "1e300", "true"])
def test_a_time_that_no_clock_has_is_refused(log_path: Path, number: str) -> None:
    line = re.sub('"ms": [0-9.]+', f'"ms": {number}', log_path.read_text().split("\n")[0])
    with pytest.raises(ConfigError, match=r"line 1 of the log is damaged"):
        read_entries(line)


def test_a_replay_of_a_run_that_lost_its_device_exits_as_the_run_did(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    path = run(tiny_model_bundle, Mixed(tiny_model_bundle), tmp_path)
    report = report_at(path)
    assert not any(clip.equal for clip in report.clips[1:])
    assert report.ended
    assert tinykws(["verify", "--replay", str(path)]) == 4
    suites = ElementTree.fromstring(junit_of(report))
    assert (suites.get("tests"), suites.get("failures")) == ("4", "0" if report.clips[1].figures is None else "1")


@pytest.mark.parametrize("kept", [0, 1, 5, 30])
def test_a_log_that_was_cut_short_never_passes(log_path: Path, kept: int, tmp_path: Path) -> None:
    lines = log_path.read_text().splitlines()
    cut = tmp_path / "cut.jsonl"
    cut.write_text("\n".join(lines[: len(lines) * kept // 31]))
    assert tinykws(["verify", "--replay", str(cut)]) in (1, 2, 4)


def test_a_log_is_written_as_the_run_goes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_log(tmp_path / "new" / "log") as log:
        log.add("sent", "!INFO")
        assert [entry.text for entry in read_entries((tmp_path / "new" / "log").read_text())] == ["!INFO"]
        raise KeyboardInterrupt
    assert len(read_entries((tmp_path / "new" / "log").read_text())) == 1


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "not JSON"), ("[]", "exactly the keys ms"), ('{"ms": 1}', "exactly the keys ms"),
        ('{"ms": 1, "clip": 1, "attempt": 1, "kind": "odd", "text": ""}', "unknown kind 'odd'"),
        ('{"ms": "x", "clip": 1, "attempt": 1, "kind": "sent", "text": ""}', "its ms is 'x'"),
        ('{"ms": 1, "clip": true, "attempt": 1, "kind": "sent", "text": ""}', "its clip is True"),
        ('{"ms": 1, "clip": 1, "attempt": 1, "kind": "sent", "text": "", "more": 1}', "exactly the keys"),
    ],
)  # fmt: skip
def test_a_damaged_line_is_told_by_its_number(
    log_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, what: str
) -> None:
    lines = log_path.read_text().splitlines()
    bad = tmp_path / "bad.jsonl"
    bad.write_text("\n".join([*lines[:6], line, *lines[6:]]))
    assert tinykws(["verify", "--replay", str(bad)]) == 2
    said = capsys.readouterr().err
    assert "line 7 of the log is damaged" in said
    assert what in said


def test_wrong_use_is_refused(log_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tinykws(["verify"]) == 2
    assert "--board" in capsys.readouterr().err
    assert tinykws(["verify", "--replay", str(log_path), "--board", "host"]) == 2


ENTRIES = st.builds(
    LogEntry,
    st.floats(0, 1e9),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from(KINDS),
    st.one_of(st.text(max_size=30), st.sampled_from(['{"ended": "", "mismatches": []}', "{}", "[]", "3"])),
)


@settings(max_examples=40)
@given(st.lists(ENTRIES, max_size=30), st.data())
@pytest.mark.slow
def test_any_log_gives_a_report_or_is_refused_in_words(
    log_path: Path, entries: list[LogEntry], data: st.DataObject
) -> None:
    """Entries of a good log, some lost, with others in between."""
    good = list(read_entries(log_path.read_text()))
    for entry in entries:
        at = data.draw(st.integers(0, len(good)))
        good[at : at + data.draw(st.integers(0, 3))] = [entry]
    try:
        report = report_of(read_entries(write_entries(good)))
    except ConfigError as error:
        assert error.message
    else:
        assert report.passed == (not report.reason)
        ElementTree.fromstring(junit_of(report))


@given(st.text(max_size=200))
def test_any_text_is_a_log_or_is_refused(text: str) -> None:
    try:
        read_entries(text)
    except ConfigError as error:
        assert "of the log is damaged" in error.message


def test_junit_has_the_structure_that_ci_systems_read(log_path: Path) -> None:
    """As Jenkins's junit-10.xsd has it: testsuites > testsuite > properties, testcase > failure | error."""
    suites = ElementTree.fromstring(junit_of(report_at(log_path)))
    assert suites.tag == "testsuites"
    (suite,) = suites
    assert suite.tag == "testsuite"
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "0", "errors": "0", "skipped": "0",
    }  # fmt: skip
    assert [child.tag for child in suite] == ["properties"] + ["testcase"] * 4
    case = suite.find("testcase")
    assert case is not None
    assert case.get("name") == "yes/a & b <0>\ufffd.wav"
    assert case.get("classname") == "tinykws.verify.host"
    assert float(case.get("time", "")) >= 0


def test_a_green_suite_always_means_pass(log_path: Path) -> None:
    report = report_of(read_entries(log_path.read_text()), log_path, min_accuracy=1.0)
    assert not report.passed
    suites = ElementTree.fromstring(junit_of(report))
    assert suites.get("failures") == "1"
    failure = suites.find(".//testcase[@name='verdict']/failure")
    assert failure is not None
    assert "less than the required" in failure.get("message", "")


def clips_kept(log: Path, to: Path, keep: Callable[[int], bool], **facts: object) -> Path:
    """Writes the log with some of its clips, and other facts about the run."""
    entries = [
        entry for entry in read_entries(log.read_text()) if entry.kind == "end" or entry.clip == 0 or keep(entry.clip)
    ]
    run_entry = dataclasses.replace(entries[0], text=json.dumps({**json.loads(entries[0].text), **facts}))
    assert entries[0].kind == "run"
    to.write_text(write_entries([run_entry, *entries[1:]]))
    return to


@pytest.mark.parametrize(
    ("gone", "facts", "says"),
    [
        ({2}, {}, "the log has only 3 of the 4 planned clips; missing: clip 2"),
        ({4}, {}, "the log has only 3 of the 4 planned clips; missing: clip 4"),
        ({1, 2, 3}, {}, "the log has only 1 of the 4 planned clips; missing: clip 1, 2, 3"),
        ({1, 2, 3, 4}, {}, "the log has only 0 of the 4 planned clips; missing: clip 1, 2, 3, 4"),
        (set(), {"clips": 1000}, "only 4 of the 1000 planned clips; missing: clip 5, 6, 7, 8, 9 …"),
        (set(), {"clips": 3}, "the log has 4 clips, but the run had planned 3"),
    ],
)
def test_a_log_without_some_of_its_clips_is_a_failure(
    log_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], gone: set[int], facts: Any, says: str
) -> None:
    edited = clips_kept(log_path, tmp_path / "log", lambda clip: clip not in gone, **facts)
    assert tinykws(["replay", str(edited), "--junit", str(tmp_path / "r.xml")]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("FAIL")
    assert says in last
    assert int(str(ElementTree.parse(tmp_path / "r.xml").getroot().get("failures"))) >= 1


def test_a_clip_that_is_there_twice_is_a_failure(log_path: Path, tmp_path: Path) -> None:
    entries = read_entries(log_path.read_text())
    again = [entry for entry in entries if entry.clip == 1]
    (tmp_path / "log").write_text(write_entries([*entries[:-1], *again, entries[-1]]))
    assert tinykws(["replay", str(tmp_path / "log")]) == 1


def test_a_log_from_before_there_was_a_lead_in_reads_the_same(log_path: Path, tmp_path: Path) -> None:
    """Its run entry has four keys; the first inference was that of the clip, and times counted from its start."""
    entries = list(read_entries(log_path.read_text()))
    facts = json.loads(entries[0].text)
    lead_in_ms = facts.pop("lead_in_ms")
    old = {key: facts[key] for key in ("clips", "labels", "sample_rate_hz", "min_accuracy")}
    (tmp_path / "log").write_text(write_entries([dataclasses.replace(entries[0], text=json.dumps(old)), *entries[1:]]))
    report, newer = report_at(tmp_path / "log"), report_at(log_path)
    assert report.passed
    assert lead_in_ms > 0
    first = next(entry.text for entry in entries if entry.kind == "expected")
    assert " ".join(map(str, report.clips[0].scores)) in first
    assert report.clips[0].scores != newer.clips[0].scores


@pytest.mark.parametrize(
    "facts",
    [
        {"min_accuracy": float("nan")}, {"min_accuracy": float("inf")}, {"min_accuracy": "1"}, {"min_accuracy": 2},
        {"clips": -1}, {"clips": "4"}, {"clips": True}, {"sample_rate_hz": 0}, {"lead_in_ms": -1}, {"labels": 1},
    ],
)  # fmt: skip
def test_a_run_entry_that_says_nonsense_is_refused(
    log_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], facts: Any
) -> None:
    edited = clips_kept(log_path, tmp_path / "log", lambda _: True, **facts)
    assert tinykws(["replay", str(edited)]) == 2
    assert "the log's first entry is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["nan", "NaN", "inf", "-inf", "1.1", "-0.1", "x"])
def test_an_accuracy_that_is_no_share_is_wrong_use(log_path: Path, share: str) -> None:
    assert tinykws(["replay", str(log_path), f"--min-accuracy={share}"]) == 2


def with_threshold(bundle: Bundle, folder: Path, threshold: int) -> Bundle:
    """A copy of a bundle that differs in the detector's threshold, which no line of the log shows."""
    shutil.copytree(bundle.path, folder)
    values = json.loads((folder / "bundle.json").read_text())
    values["detector"]["threshold"] = threshold
    (folder / "bundle.json").write_text(json.dumps(values))
    return load_bundle(folder)


def in_project(log: Path, project: Path) -> Path:
    """Puts a log where verify puts it."""
    place = project / "build" / "firmware" / "host" / "verify.jsonl"
    place.parent.mkdir(parents=True)
    shutil.copy(log, place)
    return place


def test_a_log_of_a_run_with_other_settings_is_a_failure(
    log_path: Path, tiny_model_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = with_threshold(tiny_model_bundle, tmp_path / "here" / "build" / "bundle", 222)
    in_the_project = in_project(log_path, tmp_path / "here")
    for arguments in (
        [str(log_path), "--bundle", str(other.path)],
        [str(log_path), "--project", str(tmp_path / "here")],
        [str(in_the_project)],
    ):
        assert tinykws(["replay", *arguments, "--json", str(tmp_path / "r.json")]) == 1
        last = capsys.readouterr().out.splitlines()[-1]
        assert last.startswith("FAIL: the log is of a run with another bundle than ")
        assert "they differ in the detector's thresholds, times or weights (id " in last
        assert tiny_model_bundle.identity in last
        assert other.identity in last
        assert json.loads((tmp_path / "r.json").read_text())["verdict"] == "FAIL"
    assert tinykws(["replay", str(in_the_project), "--any-bundle"]) == 0


def test_a_log_of_a_run_with_the_same_settings_passes(
    log_path: Path, tiny_model_bundle: Bundle, tmp_path: Path
) -> None:
    shutil.copytree(tiny_model_bundle.path, tmp_path / "here" / "build" / "bundle")
    assert tinykws(["replay", str(in_project(log_path, tmp_path / "here"))]) == 0
    assert tinykws(["replay", str(log_path), "--bundle", str(tiny_model_bundle.path)]) == 0


def older_log(log: Path, to: Path, *, with_banner_id: bool) -> Path:
    """A log without the run's identity; without the banner's too, it is older still."""
    entries = list(read_entries(log.read_text()))
    facts = json.loads(entries[0].text)
    assert facts.pop("identity")
    entries[0] = dataclasses.replace(entries[0], text=json.dumps(facts))
    if not with_banner_id:
        entries = [
            dataclasses.replace(entry, text=with_check(re.sub(r" id=\S+", "", split_check(entry.text)[0])))
            if "kws ready" in entry.text else entry
            for entry in entries
        ]  # fmt: skip
    to.write_text(write_entries(entries))
    return to


@pytest.mark.parametrize(("with_banner_id", "exit_code"), [(True, 1), (False, 0)])
def test_an_older_log_is_compared_as_far_as_it_tells(
    log_path: Path, tiny_model_bundle: Bundle, tmp_path: Path, with_banner_id: bool, exit_code: int
) -> None:
    log = older_log(log_path, tmp_path / "log", with_banner_id=with_banner_id)
    other = with_threshold(tiny_model_bundle, tmp_path / "other", 222)
    assert tinykws(["replay", str(log)]) == 0
    assert tinykws(["replay", str(log), "--bundle", str(other.path)]) == exit_code


def test_a_log_of_another_model_is_told_by_its_model_id(log_path: Path, other_model: Bundle, tmp_path: Path) -> None:
    log = older_log(log_path, tmp_path / "log", with_banner_id=False)
    report = report_of(read_entries(log.read_text()), bundle=other_model)
    assert report.reason == f"the log is of a run with another bundle than {other_model.path}: they differ in the model"


def test_a_banner_that_is_not_of_the_runs_bundle_is_a_failure(log_path: Path, tmp_path: Path) -> None:
    edited = clips_kept(log_path, tmp_path / "log", lambda _: True, identity="00000000-" * 3 + "00000000")
    report = report_at(edited)
    assert not report.passed
    assert report.reason.startswith("the log's device ran another bundle than the run: they differ in the settings")
