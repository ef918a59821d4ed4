# SPDX-License-Identifier: Apache-2.0
"""The verdict: equal is equal, every difference is named, and a log read back is judged the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_text import write_entries

from tinykws.device.line_checksum import with_check
from tinykws.device.session_log import KINDS, LogEntry, read_entries
from tinykws.support.errors import ConfigError
from tinykws.verification.verdict import judge

BANNER = "kws ready proto=2 board=host engine=aot model=0123456789ab line=768 window=4 labels=_silence_,_unknown_,yes"
SCORES = ["kws scores at=990 -128 -100 127", "kws scores at=1090 1 2 3"]
HEARD = "Heard yes (201) @1090ms"
CLIP = "kws clip features_crc=0badcafe frames=54 inferences=2 frontend_us={us} invoke_us=9 arena=77"
GOOD = [*SCORES, HEARD, CLIP.format(us=5)]
EXPECTED = [*SCORES, HEARD, CLIP.format(us=0)]


OK = "!OK DATA audio-pcm-16khz-mono-s16 32000"


def as_said(lines: list[str]) -> list[str]:
    """Results as they come over the line: numbered, with checks."""
    return [with_check(f"{line} #{number}") for number, line in enumerate(lines, start=1)]


def begun(token: int) -> list[tuple[str, str]]:
    """How an attempt begins."""
    answer = with_check(f"!OK SYNC {token} bytes=0 results=0")
    return [("sent", "!DATA …"), ("sent", with_check(f"!SYNC {token} 0")), ("received", answer)]


def log_of(received: list[str], expected: list[str] = EXPECTED, *, label: str | None = "yes", clip: int = 1,
           attempt: int = 1, fault: str | None = None) -> list[LogEntry]:  # fmt: skip
    texts = [("clip", f"yes/{clip}.wav")] + ([("label", label)] if label else [])
    texts += [("expected", line) for line in expected] if attempt == 1 else []
    texts += begun(clip)
    texts += [("received", line) for line in as_said([*received, OK] if received else [])]
    texts += [("fault", fault)] if fault else []
    return [LogEntry(1.0, clip, attempt, kind, text) for kind, text in texts]


START = [LogEntry(0.0, 0, 0, "received", with_check(BANNER))]


def test_an_equal_clip_passes_with_all_that_is_to_be_told() -> None:
    verdict = judge([*START, *log_of(GOOD)])
    assert verdict.passed
    assert verdict.reason == ""
    assert verdict.accuracy == 1.0
    (clip,) = verdict.clips
    assert (clip.file, clip.equal, clip.correct, clip.predicted_label) == ("yes/1.wav", True, True, "yes")
    assert clip.scores == (-128, -100, 127)
    assert clip.detections == ("yes (201) @1090ms",)
    assert clip.figures is not None
    assert clip.figures.frontend_us == 5


@pytest.mark.parametrize(("word", "passes"), [("ok", True), ("none", True), ("features", False), ("engine", False)])
def test_a_device_whose_self_test_failed_fails(word: str, passes: bool) -> None:
    banner = BANNER.replace(" line=", f" selftest={word} line=")
    verdict = judge([LogEntry(0.0, 0, 0, "received", with_check(banner)), *log_of(GOOD)])
    assert verdict.passed == passes
    assert ("self-test fails" in verdict.reason) != passes


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        ([*SCORES, HEARD, CLIP.format(us=5).replace("0badcafe", "0badcaff")],
         "features differ: CRC 0badcaff on the device, 0badcafe on the host"),
        ([*SCORES, HEARD, CLIP.format(us=5).replace("=54", "=53")],
         "features differ: 53 frames on the device, 54 on the host"),
        ([SCORES[0], "kws scores at=1090 1 2 4", HEARD, GOOD[-1]],
         "scores differ: 1 2 4 at 1090 ms on the device, 1 2 3 at 1090 ms on the host"),
        ([SCORES[0], "kws scores at=1110 1 2 3", HEARD, GOOD[-1]],
         "scores differ: 1 2 3 at 1110 ms on the device, 1 2 3 at 1090 ms on the host"),
        ([SCORES[0], HEARD, GOOD[-1]], "scores differ: none on the device, 1 2 3 at 1090 ms on the host"),
        ([*SCORES, GOOD[-1]], "detections differ: none on the device, yes (201) @1090ms on the host"),
        ([*SCORES, HEARD, HEARD, GOOD[-1]], "detections differ: yes (201) @1090ms on the device, none on the host"),
        ([*SCORES, HEARD.replace("201", "202"), GOOD[-1]],
         "detections differ: yes (202) @1090ms on the device, yes (201) @1090ms on the host"),
        (SCORES, "the device gave no result"),
        ([], "the device gave no result"),
    ],
)  # fmt: skip
def test_each_difference_is_named_along_the_pipeline(received: list[str], reason: str) -> None:
    verdict = judge([*START, *log_of(GOOD), *log_of(received, clip=2)])
    assert not verdict.passed
    assert [clip.equal for clip in verdict.clips] == [True, False]
    assert verdict.clips[1].reason == reason
    assert verdict.reason == f"1 of 2 clips failed; yes/2.wav: {reason}"


def received_of(lines: list[str]) -> list[LogEntry]:
    return [*START, *log_of([]), *(LogEntry(2.0, 1, 1, "received", line) for line in lines)]


def test_lines_that_come_twice_or_damaged_change_nothing() -> None:
    said = as_said([*GOOD, OK])
    damaged = [line.replace("1090", "1190") for line in said] + [line.rsplit(" *", 1)[0] for line in said] + GOOD
    shuffled = [said[0], *damaged, said[0], said[1], said[0], "noise", *said[1:]]
    assert judge(received_of(shuffled)) == judge(received_of(said))
    assert judge(received_of(said)).passed


def test_what_comes_before_a_clip_has_begun_is_not_its_own() -> None:
    """An answer that was asked for twice, say: the results of the clip before it, once more."""
    late = [*as_said([*GOOD[:2], OK]), with_check("!OK SYNC 6 bytes=0 results=0"), *as_said([*GOOD[:2], OK])]
    own = [text for kind, text in begun(7) if kind == "received"] + as_said([*GOOD, OK])
    texts = [("clip", "yes/1.wav"), *(("expected", line) for line in EXPECTED)]
    texts += [("sent", with_check("!SYNC 7 0")), *(("received", line) for line in [*late, *own])]
    assert judge([*START, *(LogEntry(1.0, 1, 1, kind, text) for kind, text in texts)]).passed


@pytest.mark.parametrize("lost", range(5))
def test_a_result_that_is_missing_is_never_made_up_for(lost: int) -> None:
    said = as_said([*GOOD, OK])
    verdict = judge(received_of(said[:lost] + said[lost + 1 :]))
    assert not verdict.passed
    assert verdict.clips[0].reason == "the device gave no result"


def test_the_devices_refusal_is_the_reason() -> None:
    verdict = judge(received_of(as_said([*GOOD, "!FAIL crc of the audio is wrong"])))
    assert verdict.clips[0].reason == "the device refused: crc of the audio is wrong"


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_damaged_bit_makes_another_verdict_than_no_result(at: int, bit: int) -> None:
    text = "\n".join(as_said([*GOOD, OK])).encode()
    at %= len(text)
    damaged = text[:at] + bytes([text[at] ^ 1 << bit]) + text[at + 1 :]
    lines = damaged.decode("ascii", errors="backslashreplace").split("\n")
    assert judge(received_of(lines)).clips[0].reason == "the device gave no result"


def test_a_second_attempt_that_goes_well_counts() -> None:
    first = log_of(SCORES[:1], fault="timed out")
    verdict = judge([*START, *first, *log_of(GOOD, attempt=2)])
    assert verdict.passed
    assert verdict.clips[0].attempts == 2
    assert verdict.clips[0].scores == (-128, -100, 127)


def test_two_faults_fail_the_clip_with_the_last_reason() -> None:
    entries = [*START, *log_of([], fault="timed out"), *log_of(GOOD, attempt=2, fault="lost lines")]
    assert judge(entries).clips[0].reason == "lost lines"


def test_a_log_that_does_not_say_what_was_expected_never_passes() -> None:
    assert not judge([*START, *log_of(GOOD, expected=[])]).passed


def test_an_empty_log_never_passes() -> None:
    assert judge([]).reason == "no clip was sent"
    assert judge(START).reason == "no clip was sent"


def test_accuracy_counts_clips_with_a_label_and_may_be_demanded() -> None:
    entries = [*START, *log_of(GOOD), *log_of(GOOD, clip=2, label="_silence_"), *log_of(GOOD, clip=3, label=None)]
    verdict = judge(entries)
    assert verdict.accuracy == 0.5
    assert verdict.passed
    assert [clip.correct for clip in verdict.clips] == [True, False, None]
    assert judge(entries, min_accuracy=0.5).passed
    demanded = judge(entries, min_accuracy=0.6)
    assert not demanded.passed
    assert demanded.reason == "device and host agree, but the accuracy is 50.0%, less than the required 60.0%"


def test_an_accuracy_demanded_of_unlabelled_clips_fails() -> None:
    verdict = judge([*START, *log_of(GOOD, label=None)], min_accuracy=0.1)
    assert verdict.accuracy is None
    assert "no clip has a known label" in verdict.reason


@given(
    st.lists(
        st.builds(
            LogEntry,
            st.floats(0, 1e9),
            st.integers(0, 9),
            st.integers(0, 2),
            st.sampled_from(KINDS),
            st.text(max_size=40),
        )
    )
)
def test_a_log_reads_back_and_any_log_can_be_judged(entries: list[LogEntry]) -> None:
    again = read_entries(write_entries(entries))
    assert list(again) == entries
    assert judge(again) == judge(entries)


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"ms": 1, "clip": 1, "attempt": 1, "kind": "odd", "text": ""}'])
def test_a_damaged_log_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ConfigError, match="line 2 of the log"):
        read_entries(write_entries(START) + line + "\n")
