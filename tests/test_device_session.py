"""The conversation, against a device in Python that follows the protocol or breaks it in one way at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_device import FakeDevice

from tinykws.device.clip_audio import HeldAudio
from tinykws.device.session import ClipFaultError, DeviceSession, SessionLog
from tinykws.device.verdict import RECEIVED
from tinykws.errors import DeviceError

PCM = bytes(range(256)) * 40
RESULTS = [
    "kws scores at=990 1 2 3",
    "Heard yes (201) @990ms",
    "kws clip features_crc=0badcafe frames=49 inferences=1 frontend_us=1 invoke_us=2 arena=3",
]


def session_with(device: FakeDevice, timeout_s: float = 0.2) -> DeviceSession:
    return DeviceSession(device, SessionLog(), timeout_s)


def good_device() -> FakeDevice:
    return FakeDevice(lambda pcm, tail: RESULTS)


def ready_session(device: FakeDevice) -> DeviceSession:
    session = session_with(device)
    session.introduce()
    session.begin_test()
    return session


def received(session: DeviceSession) -> list[str]:
    return [entry.text for entry in session.log.entries if entry.kind == RECEIVED]


def test_a_clip_goes_through_and_all_its_lines_are_in_the_log() -> None:
    device = good_device()
    heard: list[tuple[bytes, int]] = []
    device.results = lambda pcm, tail: heard.append((pcm, tail)) or RESULTS  # type: ignore[func-returns-value]
    session = ready_session(device)
    session.send_clip(HeldAudio(PCM), 8000)
    assert heard == [(PCM, 8000)]
    assert [line for line in received(session) if line in RESULTS] == RESULTS
    assert received(session)[-1] == f"!OK DATA audio-pcm-16khz-mono-s16 {len(PCM)}"


def test_no_more_lines_are_under_way_than_the_device_takes() -> None:
    device = good_device()
    ready_session(device).send_clip(HeldAudio(PCM), 0)
    assert device.most_lines_under_way == 4


def test_the_banner_is_asked_for_again_and_noise_before_it_is_passed_over() -> None:
    class SlowStarter(FakeDevice):
        asked = 0

        def hear(self, line: str) -> None:
            self.asked += line == "!INFO"
            if self.asked > 1:
                super().hear(line)
            else:
                self.say("ets Jun  8 2016 00:22:57 \\xff")

    session = session_with(SlowStarter(lambda pcm, tail: RESULTS), timeout_s=5)
    assert session.introduce().model == "0123456789ab"


def test_a_silent_device_is_an_error_that_says_what_to_try() -> None:
    class Silent(FakeDevice):
        def hear(self, line: str) -> None:
            pass

    with pytest.raises(DeviceError, match="no banner") as caught:
        session_with(Silent(lambda pcm, tail: [])).introduce()
    assert "firmware that tinykws made" in str(caught.value.hint)


def test_a_device_that_says_something_else_is_quoted() -> None:
    device = good_device()
    device.banner = "micro_speech ready"
    with pytest.raises(DeviceError, match="the last thing it said is 'micro_speech ready'"):
        session_with(device).introduce()


def test_an_engine_that_did_not_start_is_an_error() -> None:
    device = good_device()
    session = session_with(device)
    session.introduce()
    device.say("kws error engine arena is too small")
    with pytest.raises(DeviceError, match="the device reports: engine arena is too small"):
        session.begin_test()


def broken(change: Callable[[FakeDevice, str], None]) -> FakeDevice:
    """A device that says each line of a clip in its own way."""

    class Broken(FakeDevice):
        def say(self, line: str) -> None:
            if self._size:
                change(self, line)
            else:
                super().say(line)

    return Broken(lambda pcm, tail: RESULTS)


def replaced(old: str, new: str | None) -> Callable[[FakeDevice, str], None]:
    def change(device: FakeDevice, line: str) -> None:
        if old not in line:
            device.out.append(line)
        elif new is not None:
            device.out.append(line.replace(old, new))

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replaced("!OK DATA", None), "time-out"),
        (replaced("!DATA_ACK", None), "time-out"),
        (replaced("!DATA_ACK 768", "!DATA_ACK 767"), "acknowledged 767 bytes, not 768: audio was lost"),
        (replaced("!DATA_ACK 1536", "!DATA_ACK 768"), "acknowledged 768 bytes, not 1536"),
        (replaced("!DATA_ACK 1536", "!DATA_\\xffACK 1536"), "came over damaged"),
        (replaced("kws scores at=990", "kws scores at=9?0"), "came over damaged"),
        (replaced("kws scores at=990 1 2 3", None), "lines of the results were lost"),
        (replaced("kws scores at=990 1 2 3", "xxx"), "lines of the results were lost"),
        (replaced("kws clip", None), "time-out|lost"),
        (replaced("!OK DATA", "!FAIL base64 line is bad"), "the device refused: base64 line is bad"),
        (replaced("!OK DATA audio-pcm-16khz-mono-s16", "!OK DATA x"), "answered '!OK DATA x"),
        (replaced("kws clip", "kws error exception number 3 at 0x12"), "in trouble"),
        (replaced("Heard yes (201) @990ms", "kws ready proto=1 board=b engine=e model=0 line=2 window=1 labels=a"),
         "started anew"),
    ],
)  # fmt: skip
def test_each_fault_fails_the_clip_by_its_name(change: Callable[[FakeDevice, str], None], reason: str) -> None:
    session = ready_session(broken(change))
    with pytest.raises(ClipFaultError, match=reason):
        session.send_clip(HeldAudio(PCM), 0)


def test_after_a_fault_the_next_clip_is_whole() -> None:
    class Hiccup(FakeDevice):
        def acknowledge(self, count: int) -> None:
            if self.clips > 1 or count < 3000:
                super().acknowledge(count)

    session = ready_session(Hiccup(lambda pcm, tail: RESULTS))
    with pytest.raises(ClipFaultError, match="time-out"):
        session.send_clip(HeldAudio(PCM), 0)
    session.begin_test()
    session.send_clip(HeldAudio(PCM), 0)


def test_prints_of_others_do_not_hurt() -> None:
    def change(device: FakeDevice, line: str) -> None:
        device.out += ["wifi: connected \\xf0\\x9f", line, ""]

    ready_session(broken(change)).send_clip(HeldAudio(PCM), 0)


def test_a_chatterer_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinykws.device.session.SLOWEST", 1)

    class Chatterer(FakeDevice):
        def finish(self) -> None:
            pass

        def read_line(self, timeout_s: float) -> str | None:
            return self.out.pop(0) if self.out else "kws scores at=990 1 2 3"

    session = ready_session(Chatterer(lambda pcm, tail: RESULTS))
    with pytest.raises(ClipFaultError, match="time-out"):
        session.send_clip(HeldAudio(PCM), 0)
