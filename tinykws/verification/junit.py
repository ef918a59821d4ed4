# SPDX-License-Identifier: Apache-2.0
"""Reports as JUnit XML, in the form that Jenkins, GitLab and GitHub reporters read: one test case per clip."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from tinykws.verification.clip_report import VerifyReport
from tinykws.verification.stream_report import StreamReport
from tinykws.verification.verdict import ClipResult

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 forbids even escaped; a file's name may contain them."""


def junit_of(report: VerifyReport) -> str:
    """Returns the report as XML.

    A clip whose results differ is a `failure`, one without results an `error`; `system-out` lists the faults of its
    attempts. If all clips are equal but the verdict is FAIL (required accuracy, self-test), an extra test case fails,
    so a green suite always means PASS.
    """
    cases = [_case(clip, report) for clip in report.clips]
    if not report.passed and all(clip.equal for clip in report.clips):
        cases.append(_verdict_case(report))
    return _xml(report, cases)


def _xml(report: VerifyReport | StreamReport, cases: Sequence[ElementTree.Element]) -> str:
    suite = ElementTree.Element("testsuite", name=f"tinykws verify {_clean(report.board)}")
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("board", "engine", "model_id", "accuracy", "audio_seconds"):
        value = getattr(report, name, None)
        if value is not None:
            ElementTree.SubElement(properties, "property", name=name, value=_clean(str(value)))
    suite.extend(cases)
    suites = ElementTree.Element("testsuites", name="tinykws verify")
    for element in (suite, suites):
        element.set("tests", str(len(cases)))
        element.set("failures", str(sum(case.find("failure") is not None for case in cases)))
        element.set("errors", str(sum(case.find("error") is not None for case in cases)))
        element.set("time", f"{report.seconds:.3f}")
    suite.set("skipped", "0")
    suites.append(suite)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def junit_of_stream(report: StreamReport) -> str:
    """Returns the report on a stream as XML, with one test case.

    It is a `failure` if results differ, an `error` if the device did not reach the end. Its `system-out` lists the
    interrupted attempts.
    """
    name = f"tinykws.verify.{_clean(report.board)}"
    case = ElementTree.Element(
        "testcase", classname=name, name=_clean(report.verdict.file), time=f"{report.seconds:.3f}"
    )
    if not report.passed:
        verdict = report.verdict
        kind = "error" if verdict.figures is None and not verdict.difference else "failure"
        ElementTree.SubElement(case, kind, message=_clean(report.reason), type=kind).text = _clean(report.reason)
    _add_output(case, [attempt.describe_fault() for attempt in report.verdict.attempts if attempt.fault])
    return _xml(report, [case])


def _case(clip: ClipResult, report: VerifyReport) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase",
        classname=f"tinykws.verify.{_clean(report.board)}",
        name=_clean(clip.file),
        time=f"{clip.seconds:.3f}",
    )
    if not clip.equal:
        kind = "error" if clip.figures is None else "failure"
        trouble = ElementTree.SubElement(case, kind, message=_clean(clip.reason), type=kind)
        trouble.text = _clean("\n".join(filter(None, [clip.reason, clip.mismatch, f"attempts: {clip.attempts}"])))
    _add_output(case, clip.faults)
    return case


def _add_output(case: ElementTree.Element, lines: Sequence[str]) -> None:
    """Adds lines of text as `system-out`, if there are any."""
    if lines:
        ElementTree.SubElement(case, "system-out").text = _clean("\n".join(lines))


def _verdict_case(report: VerifyReport) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=f"tinykws.verify.{_clean(report.board)}", name="verdict", time="0")
    ElementTree.SubElement(case, "failure", message=_clean(report.reason), type="failure").text = _clean(report.reason)
    return case


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
