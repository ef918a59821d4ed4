# SPDX-License-Identifier: Apache-2.0
"""Downloads over lines and from servers that break in all the usual ways, on this computer."""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broken_server import (
    Answer,
    BrokenServer,
    chunked,
    cut_after,
    hang_after,
    hang_up,
    ignore_range,
    part,
    redirect,
    running,
    status,
    without_length,
)

from tinykws.support import download as door
from tinykws.support.download import MIN_PROGRESS_BYTES, RETRY_WAITS_S, download, downloaded_bytes, require_free_space
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.progress import Progress

BODY = np.random.default_rng(1).bytes(300_000)
OTHER = np.random.default_rng(2).bytes(300_000)


@pytest.fixture
def server() -> Iterator[BrokenServer]:
    with running(BODY) as running_server:
        yield running_server


class Getter:
    """Downloads to a path and remembers the waits."""

    def __init__(self, server: BrokenServer, path: Path) -> None:
        self.server, self.path = server, path
        self.waits: list[float] = []

    def __call__(self, size: int | None = len(BODY), **options: Any) -> bytes:
        options.setdefault("urls", [self.server.url])
        download(path=self.path, size=size, sleep=self.waits.append, **options)
        assert [path.name for path in self.path.parent.iterdir()] == [self.path.name]
        return self.path.read_bytes()

    def fails(self, error: type[Exception] = ToolError, **options: Any) -> str:
        with pytest.raises(error) as caught:
            self(**options)
        assert not self.path.exists()
        return str(caught.value)

    @property
    def left(self) -> int:
        return downloaded_bytes(self.path)


@pytest.fixture
def get(server: BrokenServer, tmp_path: Path) -> Getter:
    return Getter(server, tmp_path / "set.tar.gz")


def test_a_good_server_is_asked_once(server: BrokenServer, get: Getter) -> None:
    assert get() == BODY
    assert server.ranges == [None]
    assert get() == BODY
    assert server.ranges == [None]
    assert get.waits == []


@pytest.mark.parametrize("size", [len(BODY), None])
def test_a_line_that_ends_early_goes_on_from_there(server: BrokenServer, get: Getter, size: int | None) -> None:
    server.answers.extend([cut_after(100_000), cut_after(50_000)])
    assert get(size) == BODY
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert [request.headers.get("If-Range") for request in server.requests] == [None, '"one"', '"one"']
    assert get.waits == [1, 2]


def test_a_reset_in_the_middle_goes_on(server: BrokenServer, get: Getter) -> None:
    server.answers.append(cut_after(200_000, reset=True))
    assert get() == BODY
    assert len(server.requests) == 2


def test_a_server_that_falls_silent_is_left_after_the_time_out(
    server: BrokenServer, get: Getter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time limit is as short as asked for once the server is silent, and until then as long as a busy computer
    needs."""
    limits = []
    open_url = door._open

    def patient(request: Any, part: Any, timeout_s: float) -> http.client.HTTPResponse:
        limits.append(timeout_s)
        response = open_url(request, part, 600.0)
        if len(limits) == 1:
            assert server.silent.wait(600)
            response.fp.raw._sock.settimeout(timeout_s)  # type: ignore[attr-defined]
        return response

    monkeypatch.setattr(door, "_open", patient)
    server.answers.append(hang_after(70_000))
    assert get(timeout_s=0.3) == BODY
    assert server.ranges == [None, "bytes=70000-"]
    assert limits == [0.3, 0.3]


def test_no_answer_at_all_is_tried_again(server: BrokenServer, get: Getter) -> None:
    server.answers.extend([hang_up, hang_up])
    assert get() == BODY
    assert get.waits == [1, 2]


def test_busy_servers_are_waited_for_as_long_as_they_ask(server: BrokenServer, get: Getter) -> None:
    server.answers.extend(
        [
            status(503, Retry_After="7"),
            status(429),
            status(500, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"),
            status(502, Retry_After="99999999"),
        ]
    )
    assert get() == BODY
    assert get.waits == [7, 2, 4, door.MAX_WAIT_S]


def test_it_gives_up_in_the_end_and_keeps_what_came(server: BrokenServer, get: Getter) -> None:
    server.answers.extend([cut_after(1000)] * (len(RETRY_WAITS_S) + 1))
    said = get.fails()
    assert "the connection ended after 6,000 of 300,000 bytes" in said
    assert server.url in said
    assert get.waits == list(RETRY_WAITS_S)
    assert get.left == 6000
    assert get() == BODY
    assert server.ranges[-1] == "bytes=6000-"


def test_a_line_that_breaks_often_may_as_long_as_much_comes(tmp_path: Path) -> None:
    body = bytes(20 * MIN_PROGRESS_BYTES)
    with running(body) as server:
        server.answers.extend([cut_after(MIN_PROGRESS_BYTES)] * 19)
        get = Getter(server, tmp_path / "long")
        assert get(len(body)) == body
        assert get.waits == [RETRY_WAITS_S[0]] * 19


def test_interrupted_it_leaves_what_came_and_goes_on_in_the_next_run(server: BrokenServer, get: Getter) -> None:
    class Interrupting(Progress):
        @contextlib.contextmanager
        def track_bytes(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
            assert (label, total) == ("downloading", len(BODY))

            def show(done: int) -> None:
                if done >= 100_000:
                    raise KeyboardInterrupt

            yield show

    with pytest.raises(KeyboardInterrupt):
        download([server.url], get.path, len(BODY), progress=Interrupting())
    assert sorted(path.name for path in get.path.parent.iterdir()) == ["set.tar.gz.part", "set.tar.gz.part.json"]
    came = get.path.with_name("set.tar.gz.part").stat().st_size
    assert 100_000 <= came == get.left
    assert get() == BODY
    assert server.ranges == [None, f"bytes={came}-"]


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt


def test_a_run_that_ended_just_before_the_end_asks_nothing(server: BrokenServer, get: Getter) -> None:
    server.answers.append(cut_after(299_999))
    with pytest.raises(KeyboardInterrupt):
        download([server.url], get.path, len(BODY), sleep=_interrupt)
    part_file = get.path.with_name(get.path.name + ".part")
    part_file.write_bytes(BODY)
    assert get() == BODY
    assert len(server.requests) == 1


# --- going on where that would be wrong


def test_a_server_that_ignores_range_starts_anew(server: BrokenServer, get: Getter) -> None:
    server.answers.extend([cut_after(100_000), ignore_range])
    assert get() == BODY


def test_a_file_that_changed_between_tries_starts_anew(server: BrokenServer, get: Getter) -> None:
    server.answers.append(cut_after(100_000))
    with pytest.raises(KeyboardInterrupt):
        download([server.url], get.path, len(BODY), sleep=_interrupt)
    server.body, server.etag = OTHER, '"two"'
    assert get() == OTHER
    assert server.ranges == [None, "bytes=100000-"]


@pytest.mark.parametrize(
    "answer",
    [
        part(100_000, len(BODY), ETag='"two"'),
        part(100_000, len(BODY) + 1),
        part(99_999, len(BODY)),
        part(100_001, len(BODY)),
        status(416),
    ],
    ids=["ETag", "length", "before", "after", "416"],
)
def test_a_rest_that_is_not_the_rest_of_this_file_starts_anew(
    server: BrokenServer, get: Getter, answer: Answer
) -> None:
    server.answers.extend([cut_after(100_000), answer])
    assert get() == BODY
    assert server.ranges == [None, "bytes=100000-", None]


def test_a_rest_without_etag_is_taken_for_the_file_that_was_asked_for(server: BrokenServer, get: Getter) -> None:
    def bare(request):  # type: ignore[no-untyped-def]
        server.etag = server.modified = ""
        part(100_000)(request)

    server.answers.extend([cut_after(100_000), bare])
    assert get() == BODY
    assert len(server.requests) == 2


def test_a_weak_etag_is_no_proof_and_the_date_is(server: BrokenServer, get: Getter) -> None:
    server.etag = 'W/"one"'
    server.answers.append(cut_after(100_000))
    assert get() == BODY
    assert server.requests[1].headers["If-Range"] == server.modified
    assert server.ranges[1] == "bytes=100000-"


def test_without_etag_and_date_it_starts_anew(server: BrokenServer, get: Getter) -> None:
    server.etag = server.modified = ""
    server.answers.append(cut_after(100_000))
    assert get() == BODY
    assert server.ranges == [None, None]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"validator": "x"}', "\x00\xff"])
def test_a_damaged_note_about_the_part_starts_anew(server: BrokenServer, get: Getter, text: str) -> None:
    get.path.with_name("set.tar.gz.part").write_bytes(OTHER[:1000])
    get.path.with_name("set.tar.gz.part.json").write_text(text, encoding="latin-1")
    assert get() == BODY
    assert server.ranges == [None]


# --- lengths


@pytest.mark.parametrize("size", [len(BODY) - 1, len(BODY) + 1])
def test_a_file_of_another_length_is_refused_before_a_byte_is_kept(get: Getter, size: int) -> None:
    said = get.fails(size=size)
    assert f"the file there has 300,000 bytes, not {size:,}: it is another file" in said
    assert list(get.path.parent.iterdir()) == []
    assert get.waits == []


@pytest.mark.parametrize("size", [len(BODY), None])
@pytest.mark.parametrize("answer", [chunked(), without_length], ids=["chunked", "HTTP/1.0"])
def test_a_server_need_not_tell_the_length(server: BrokenServer, get: Getter, answer: Answer, size: int | None) -> None:
    server.answers.append(answer)
    assert get(size) == BODY


@pytest.mark.parametrize("size", [len(BODY), None])
def test_chunks_that_break_off_go_on(server: BrokenServer, get: Getter, size: int | None) -> None:
    server.answers.append(chunked(100_000))
    assert get(size) == BODY
    assert len(server.requests) == 2


def test_an_endless_file_ends_at_the_size_it_should_have(server: BrokenServer, get: Getter) -> None:
    server.answers.append(without_length)
    assert get(1000) == BODY[:1000]


# --- servers that refuse


@pytest.mark.parametrize(("code", "says"), [(404, "404 Not Found"), (403, "403 Forbidden"), (204, "204"), (799, "799")])
def test_a_refusal_is_final(server: BrokenServer, get: Getter, code: int, says: str) -> None:
    server.answers.append(status(code))
    assert f"the server answers {says}" in get.fails()
    assert get.waits == []
    assert list(get.path.parent.iterdir()) == []


def test_redirects_are_followed_with_the_range(server: BrokenServer, get: Getter) -> None:
    server.answers.extend([redirect("/moved"), cut_after(1000), redirect("/moved")])
    assert get() == BODY
    assert server.ranges == [None, None, "bytes=1000-", "bytes=1000-"]
    assert [request.path for request in server.requests] == ["/archive", "/moved"] * 2


@pytest.mark.parametrize("where", ["/archive", "file:///etc/hostname", "ftp://127.0.0.1/x", "mailto:x"])
def test_redirects_in_a_circle_or_elsewhere_are_refused(server: BrokenServer, get: Getter, where: str) -> None:
    server.answers.extend([redirect(where)] * 20)
    assert re.search("redirects without end or to nowhere|unknown url type: ftp", get.fails())
    assert get.waits == []
    assert len(server.requests) < 15


def test_the_next_address_goes_on_where_the_first_one_broke(
    server: BrokenServer, get: Getter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "RETRY_WAITS_S", ())
    server.answers.extend([status(404), cut_after(5000)])
    assert get(urls=[server.url + "/a", server.url + "/b", server.url + "/c"]) == BODY
    assert [(request.path, request.headers.get("Range")) for request in server.requests] == [
        ("/archive/a", None),
        ("/archive/b", None),
        ("/archive/c", "bytes=5000-"),
    ]


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_without_a_network_the_answer_is_quick_and_says_what_to_try(get: Getter) -> None:
    urls = [f"http://127.0.0.1:{closed_port()}/x", "http://no-such-host.invalid/x"]
    with pytest.raises(ToolError) as error:
        get(urls=urls)
    assert get.waits == []
    assert "Connection refused" in error.value.message
    assert all(f"{url}: no connection" in error.value.message for url in urls)
    assert error.value.exit_code == 3
    assert "--url FILE" in str(error.value.hint)
    assert "PROXY" in str(error.value.hint)


def test_a_network_that_goes_away_midway_is_waited_for(tmp_path: Path) -> None:
    with running(BODY) as server:
        server.answers.append(cut_after(1000))
        get = Getter(server, tmp_path / "set.tar.gz")

        def unplug(_: float) -> None:
            server.shutdown()
            server.server_close()
            get.waits.append(0)

        with pytest.raises(ToolError, match="no connection"):
            download([server.url], get.path, len(BODY), sleep=unplug)
    assert len(get.waits) == len(RETRY_WAITS_S)
    assert get.left == 1000


def test_a_port_that_is_none_is_refused(get: Getter) -> None:
    assert "no such address" in get.fails(urls=["http://127.0.0.1:port/x"])
    assert get.waits == []


# --- this computer


def test_a_disk_without_room_is_told_before_the_body_is_read(
    server: BrokenServer, get: Getter, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(get.path.parent)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=len(BODY) - 1))
    assert "the download needs 0 MB" in get.fails(ConfigError, size=None)
    assert get.left == 0


def test_room_that_is_just_enough_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=5_000_000))
    require_free_space(tmp_path, 5_000_000, "it")
    with pytest.raises(ConfigError, match=r"it needs 6 MB, but .* has only 5 MB free"):
        require_free_space(tmp_path, 5_500_001, "it")


def test_a_disk_that_fills_up_is_told_and_what_came_is_kept(server: BrokenServer, get: Getter) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        assert f"cannot write in {get.path.parent}: File too large" in get.fails(ConfigError)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert get.left == 100_000
    assert get() == BODY
