# SPDX-License-Identifier: Apache-2.0
"""The conversation, against a device in Python that follows the protocol or breaks it in one way at a time.

Time is the device's: waiting moves it, so that a test of a time-out takes none.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from fake_device import FakeDevice, checked
from hypothesis import given
from hypothesis import strategies as st

from tinykws.device.clip_audio import AudioInMemory
from tinykws.device.clip_results import results_of
from tinykws.device.clip_transfer import ClipFaultError
from tinykws.device.protocol import Ok, read_line
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import MAX_NOISE_LINES, RECEIVED, SENT, SessionLog
from tinykws.support.errors import DeviceError

PCM = bytes(range(256)) * 40
RESULTS = [
    "kws scores at=990 1 2 3",
    "Heard yes (201) @990ms",
    "kws clip features_crc=0badcafe frames=49 inferences=1 frontend_us=1 invoke_us=2 arena=3",
]
DONE = f"!OK DATA audio-pcm-16khz-mono-s16 {len(PCM)}"


def session_with(device: FakeDevice, timeout_s: float = 10.0) -> DeviceSession:
    return DeviceSession(device, SessionLog(lambda: device.time), timeout_s)


def good_device() -> FakeDevice:
    return FakeDevice(lambda pcm, tail: RESULTS)


def ready_session(device: FakeDevice) -> DeviceSession:
    session = session_with(device)
    session.request_banner()
    session.enter_test_mode()
    return session


def texts(session: DeviceSession, kind: str) -> list[str]:
    return [entry.text for entry in session.log.entries if entry.kind == kind]


def results(session: DeviceSession) -> list[str]:
    return [line.to_line() for line in results_of(session.log.entries)]


def test_a_clip_goes_through_and_all_its_lines_are_in_the_log() -> None:
    device = good_device()
    heard: list[tuple[bytes, int]] = []
    device.results = lambda pcm, tail: heard.append((pcm, tail)) or RESULTS  # type: ignore[func-returns-value]
    session = ready_session(device)
    session.send_clip(AudioInMemory(PCM), 8000)
    assert heard == [(PCM, 8000)]
    assert results(session) == [*RESULTS, DONE]
    assert sum("!SYNC" in text for text in texts(session, SENT)) == 1, "nothing was to be mended"


def test_no_more_lines_are_under_way_than_the_device_takes() -> None:
    device = good_device()
    ready_session(device).send_clip(AudioInMemory(PCM), 0)
    assert device.most_lines_under_way == 4


def test_the_banner_is_asked_for_again_and_noise_before_it_is_passed_over() -> None:
    class SlowStarter(FakeDevice):
        asked = 0

        def hear(self, line: str) -> None:
            self.asked += line.startswith("!INFO")
            if self.asked > 1:
                super().hear(line)
            else:
                self.say("ets Jun  8 2016 00:22:57 \\xff")

    session = session_with(SlowStarter(lambda pcm, tail: RESULTS))
    assert session.request_banner().model == "0123456789ab"


def test_a_damaged_banner_is_not_believed() -> None:
    class Damaging(FakeDevice):
        banners = 0

        def say(self, line: str) -> None:
            self.banners += line.startswith("kws ready")
            super().say(line.replace("model=0", "model=1") if self.banners < 3 else line)

    assert session_with(Damaging(lambda pcm, tail: RESULTS)).request_banner().model == "0123456789ab"


def test_firmware_from_before_checks_is_known_by_a_banner_that_comes_twice() -> None:
    class Old(FakeDevice):
        banner_1 = "kws ready proto=1 board=host engine=e model=0123456789ab line=768 window=1 labels=a,b,c"

        def hear(self, line: str) -> None:
            if line:
                self.say(self.banner_1 if line == "!INFO" else "!FAIL command is not known")

    assert session_with(Old(lambda pcm, tail: RESULTS)).request_banner().protocol == 1


def test_a_silent_device_is_an_error_that_says_what_to_try() -> None:
    class Silent(FakeDevice):
        def hear(self, line: str) -> None:
            pass

    with pytest.raises(DeviceError, match="no banner") as caught:
        session_with(Silent(lambda pcm, tail: [])).request_banner()
    assert "firmware that tinykws made" in str(caught.value.hint)


def test_a_device_that_says_something_else_is_quoted() -> None:
    device = good_device()
    device.banner = "micro_speech ready"
    with pytest.raises(DeviceError, match="the last line was 'micro_speech ready"):
        session_with(device).request_banner()


def test_an_engine_that_did_not_start_is_an_error() -> None:
    device = good_device()
    session = session_with(device)
    session.request_banner()
    device.answer("kws error engine arena is too small")
    with pytest.raises(DeviceError, match="the device's engine did not start: arena is too small"):
        session.enter_test_mode()


class Changing(FakeDevice):
    """Says each line of a clip in its own way, every time or once."""

    def __init__(self, change: Callable[[str], str | None], times: int = 1_000_000) -> None:
        super().__init__(lambda pcm, tail: RESULTS)
        self._change = change
        self._times = times

    def say(self, line: str) -> None:
        said = self._change(line) if self._size and self._times else line
        self._times -= said != line
        if said is not None:
            super().say(said)


def replaced(old: str, new: str | None) -> Callable[[str], str | None]:
    """Where a line has `old`, it comes as damaged, or not at all."""
    return lambda line: line if old not in line else new if new is None else line.replace(old, new)


def said_instead(old: str, new: str) -> Callable[[str], str]:
    """Where a line has `old`, the device says something else, with a good check."""

    def change(line: str) -> str:
        body, _, _ = line.rpartition(" *")
        return checked(body.replace(old, new)) if old in body else line

    return change


DAMAGE = [
    ("!OK DATA", None), ("!OK DATA", "!OK DA\\x00A"), ("!DATA_ACK", None), ("!DATA_ACK 768", "!DATA_ACK 7?8"),
    ("kws scores at=990", "kws scores at=9?0"), ("kws scores at=990", None), ("Heard yes", None), ("kws clip", None),
    ("kws clip", "\\xffws clip"), ("!OK SYNC", None), ("!OK SYNC", "!OK SYNS"), ("#2", "#3"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), DAMAGE)
def test_what_is_damaged_or_lost_once_is_mended_within_the_clip(old: str, new: str | None) -> None:
    session = ready_session(Changing(replaced(old, new), times=1))
    session.send_clip(AudioInMemory(PCM), 0)
    assert results(session) == [*RESULTS, DONE]


@pytest.mark.parametrize(("old", "new"), [pair for pair in DAMAGE if "DATA_ACK" not in pair[0]])
def test_what_is_damaged_every_time_fails_the_clip_in_the_end(old: str, new: str | None) -> None:
    session = ready_session(Changing(replaced(old, new)))
    with pytest.raises(ClipFaultError, match="timed out: the transfer made no progress"):
        session.send_clip(AudioInMemory(PCM), 0)


def test_without_any_acknowledgement_the_answers_to_sync_carry_the_clip() -> None:
    session = ready_session(Changing(replaced("!DATA_ACK", None)))
    session.send_clip(AudioInMemory(PCM), 0)
    assert results(session) == [*RESULTS, DONE]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (said_instead("!OK DATA", "!FAIL base64 line is bad"), "the device refused: base64 line is bad"),
        (said_instead("!OK DATA audio-pcm-16khz-mono-s16", "!OK DATA x"), "answered '!OK DATA x"),
        (said_instead("!DATA_ACK 1536", "kws error exception number 3"), "reports an error: 'kws error exception"),
        (said_instead("!DATA_ACK 1536", "kws ready proto=2 board=b engine=e model=0 line=2 window=1 labels=a"),
         "restarted"),
        (said_instead("!DATA_ACK 1536", "!FAIL state has no clip"), "no longer receiving a clip, as after"),
        (said_instead("!DATA_ACK 1536", "!FAIL timeout of 5 s"), "the device refused: timeout of 5 s"),
        (said_instead("!OK SYNC", "!FAIL engine did not start"), "the device refused: engine did not start"),
    ],
)  # fmt: skip
def test_what_the_device_says_and_means_fails_the_clip_by_its_name(change: Callable[[str], str], reason: str) -> None:
    session = ready_session(Changing(change))
    with pytest.raises(ClipFaultError, match=reason):
        session.send_clip(AudioInMemory(PCM), 0)


def test_an_acknowledgement_of_what_was_never_sent_is_not_believed() -> None:
    session = ready_session(Changing(said_instead("!DATA_ACK 768", "!DATA_ACK 9999"), times=1))
    session.send_clip(AudioInMemory(PCM), 0)
    assert results(session) == [*RESULTS, DONE]


class Deaf(FakeDevice):
    """Hears some lines damaged, by their number."""

    def __init__(self, *damaged: int) -> None:
        super().__init__(lambda pcm, tail: RESULTS)
        self._damaged = damaged
        self._lines = 0

    def hear(self, line: str) -> None:
        if line:
            self._lines += 1
            super().hear(line.replace("A", "B") + "x" if self._lines in self._damaged else line)


@pytest.mark.parametrize("number", range(3, 21))
def test_any_line_of_ours_may_come_over_damaged(number: int) -> None:
    device = Deaf(number)
    session = ready_session(device)
    session.send_clip(AudioInMemory(PCM), 0)
    assert results(session) == [*RESULTS, DONE]


def test_a_line_that_only_comes_through_when_it_is_short_comes_through() -> None:
    class Short(FakeDevice):
        def hear(self, line: str) -> None:
            super().hear(line if len(line) < 200 else line[:-1])

    session = ready_session(Short(lambda pcm, tail: RESULTS))
    session.send_clip(AudioInMemory(PCM), 0)
    assert results(session) == [*RESULTS, DONE]


def test_after_a_fault_the_next_clip_is_whole() -> None:
    class Hiccup(FakeDevice):
        def hear(self, line: str) -> None:
            if self.clips > 1 or len(self._audio) < 3000 or line.startswith(("!TEST", "!DATA")):
                super().hear(line)

    session = ready_session(Hiccup(lambda pcm, tail: RESULTS))
    with pytest.raises(ClipFaultError, match="timed out"):
        session.send_clip(AudioInMemory(PCM), 0)
    session.enter_test_mode()
    session.log.begin_attempt(1, 2)
    session.send_clip(AudioInMemory(PCM), 0)


def test_prints_of_others_do_not_hurt() -> None:
    class Chatty(FakeDevice):
        def say(self, line: str) -> None:
            self.out += ["wifi: connected \\xf0\\x9f", line, ""]

    session = ready_session(Chatty(lambda pcm, tail: RESULTS))
    session.send_clip(AudioInMemory(PCM), 0)
    assert results(session) == [*RESULTS, DONE]


@pytest.mark.parametrize("babble", ["kws scores at=990 1 2 3", "bzzzt", checked("!DATA_NAK 0")])
def test_a_babbler_that_never_answers_is_given_up_and_fills_no_disk(babble: str) -> None:
    class Babbler(FakeDevice):
        def finish(self) -> None:
            pass

        def read_line(self, timeout_s: float) -> str | None:
            return super().read_line(timeout_s) if self.out else self._babble()

        def _babble(self) -> str:
            self.time += 0.001
            return babble

    device = Babbler(lambda pcm, tail: RESULTS)
    session = ready_session(device)
    with pytest.raises(ClipFaultError, match="timed out"):
        session.send_clip(AudioInMemory(PCM), 0)
    session.log.begin_attempt(2, 1)
    if " *" not in babble:
        assert texts(session, RECEIVED).count(babble) == MAX_NOISE_LINES
        assert any("more lines without a valid check" in entry.text for entry in session.log.entries)
    assert sum("!SYNC" in text for text in texts(session, SENT)) < 2000


def test_a_log_keeps_the_first_of_much_noise_and_counts_the_rest() -> None:
    log = SessionLog(lambda: 0.0)
    for _ in range(MAX_NOISE_LINES + 5):
        log.add_received(read_line("bzzzt"))
    log.add(SENT, "!INFO")
    log.begin_attempt(1, 2)
    assert [entry.text for entry in log.entries[MAX_NOISE_LINES:]] == ["!INFO", "5 more lines without a valid check"]


@given(st.integers(0, 2**32), st.sampled_from([0.001, 0.0003]))
def test_whatever_bytes_are_lost_doubled_or_turned_the_results_are_right(seed: int, rate: float) -> None:
    """Both ways; the device is Python here, tests/device/test_clip_faults.py has the real one."""
    rng = random.Random(seed)

    def worn(line: str) -> list[str]:
        out = bytearray()
        for byte in f"{line}\n".encode():
            if rng.random() >= rate:
                out.append(byte)
            elif (kind := rng.randrange(3)) < 2:
                out += bytes([byte, byte]) if kind else bytes([byte ^ 1 << rng.randrange(8)])
        return out.decode("ascii", errors="backslashreplace").split("\n")

    class Worn(FakeDevice):
        heard_half = ""
        said_half = ""

        def hear(self, line: str) -> None:
            first, *more = worn(line)
            self.heard_half += first
            for text in more:
                super().hear(self.heard_half)
                self.heard_half = text

        def say(self, line: str) -> None:
            first, *more = worn(line)
            self.said_half += first
            for text in more:
                super().say(self.said_half)
                self.said_half = text

    session = ready_session(Worn(lambda pcm, tail: RESULTS))
    session.send_clip(AudioInMemory(PCM), 0)
    assert results(session) == [*RESULTS, DONE]


@given(st.lists(st.one_of(
    st.text(max_size=60),
    st.sampled_from([*RESULTS, DONE, "!DATA_ACK 768", "!OK SYNC 1 bytes=0 results=0", "!DATA_NAK 0",
                     "!OK SYNC 2 bytes=10240 results=9", "!FAIL x", "kws ready proto=2"]).map(checked),
    st.builds(lambda line, n: checked(f"{line} #{n}"), st.sampled_from([*RESULTS, DONE, "!FAIL x"]), st.integers(0, 5)),
), max_size=60))  # fmt: skip
def test_a_device_that_says_anything_ends_in_results_or_a_fault(said: list[str]) -> None:
    class Anything(FakeDevice):
        def hear(self, line: str) -> None:
            pass

    device = Anything(lambda pcm, tail: RESULTS)
    session = session_with(device)
    session.ready = read_line(checked(device.banner)).line  # type: ignore[assignment]
    device.out = list(said)
    try:
        session.send_clip(AudioInMemory(PCM), 0)
    except ClipFaultError as fault:
        assert str(fault)
    else:
        assert isinstance(results_of(session.log.entries)[-1], Ok)
