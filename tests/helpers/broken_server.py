# SPDX-License-Identifier: Apache-2.0
"""An HTTP server on this computer that serves one file, and fails in the ways that servers and networks fail."""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator

Handler = http.server.BaseHTTPRequestHandler
Answer = Callable[["Request"], None]


class Request(Handler):
    """One request; the server's `answers` say what happens, in order, and `serve` when there are none left."""

    server: BrokenServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        self.close_connection = True
        self.server.requests.append(self)
        (self.server.answers.popleft() if self.server.answers else serve)(self)

    def log_message(self, *_: object) -> None:
        pass

    def start(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        if self.server.etag and "ETag" not in headers:
            self.send_header("ETag", self.server.etag)
        if self.server.modified:
            self.send_header("Last-Modified", self.server.modified)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def rest(self) -> tuple[int, bytes]:
        """The byte to start from and what follows, as Range and If-Range of the request ask."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        wants = self.headers.get("If-Range")
        if not match or wants not in (self.server.etag, self.server.modified):
            return 0, self.server.body
        return int(match[1]), self.server.body[int(match[1]) :]


class BrokenServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.body = body
        self.etag = '"one"'
        self.modified = "Wed, 11 Apr 2018 19:41:55 GMT"
        self.answers: deque[Answer] = deque()
        self.requests: list[Request] = []
        self.silent = threading.Event()
        self.finished = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/archive"

    @property
    def ranges(self) -> list[str | None]:
        """What each request asked for."""
        return [request.headers.get("Range") for request in self.requests]

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is expected."""


@contextlib.contextmanager
def running(body: bytes) -> Iterator[BrokenServer]:
    server = BrokenServer(body)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.finished.set()
        server.shutdown()
        server.server_close()
        thread.join()


def serve(request: Request) -> None:
    """A correct answer."""
    start, rest = request.rest()
    total = len(request.server.body)
    if request.headers.get("Range") and start >= total:
        request.start(416, 0, Content_Range=f"bytes */{total}")
    elif start:
        request.start(206, len(rest), Content_Range=f"bytes {start}-{total - 1}/{total}")
        request.wfile.write(rest)
    else:
        request.start(200, total)
        request.wfile.write(rest)


def ignore_range(request: Request) -> None:
    request.start(200, len(request.server.body))
    request.wfile.write(request.server.body)


def status(code: int, **headers: str) -> Answer:
    return lambda request: request.start(code, 0, **headers)


def cut_after(count: int, *, reset: bool = False) -> Answer:
    """Announces the whole body and hangs up after `count` bytes of it: politely, or with a reset."""

    def answer(request: Request) -> None:
        start, rest = request.rest()
        total = len(request.server.body)
        if start:
            request.start(206, len(rest), Content_Range=f"bytes {start}-{total - 1}/{total}")
        else:
            request.start(200, total)
        request.wfile.write(rest[:count])
        request.wfile.flush()
        if reset:
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()

    return answer


def hang_after(count: int) -> Answer:
    """Sends `count` bytes and then says nothing more."""

    def answer(request: Request) -> None:
        request.start(200, len(request.server.body))
        request.wfile.write(request.server.body[:count])
        request.wfile.flush()
        request.wfile.flush()
        request.server.silent.set()
        request.server.finished.wait(600)

    return answer


def hang_up(request: Request) -> None:
    """No answer at all."""
    request.connection.close()


def chunked(count: int | None = None) -> Answer:
    """Without a length, in chunks; ends in the middle of one after `count` bytes."""

    def answer(request: Request) -> None:
        request.start(200, None, Transfer_Encoding="chunked")
        body = request.server.body
        request.wfile.write(f"{len(body):x}\r\n".encode() + body[:count])
        if count is None:
            request.wfile.write(b"\r\n0\r\n\r\n")

    return answer


def without_length(request: Request) -> None:
    """As HTTP/1.0: the end of the connection is the end of the file."""
    request.start(200, None)
    request.wfile.write(request.server.body)


def part(start: int, total: int | None = None, **headers: str) -> Answer:
    """A 206 that starts at another byte than requested."""

    def answer(request: Request) -> None:
        body = request.server.body
        said = f"bytes {start}-{len(body) - 1}/{'*' if total is None else total}"
        request.start(206, len(body) - start, Content_Range=said, **headers)
        request.wfile.write(body[start:])

    return answer


def redirect(where: str) -> Answer:
    return status(302, Location=where)
