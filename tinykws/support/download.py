# SPDX-License-Identifier: Apache-2.0
"""Downloading one large file over HTTP, so that a broken line or Ctrl-C costs no more than the time since.

`PATH.part` holds what came so far, `PATH.part.json` what the server said of the file: its ETag or date, and its length.
The next try, in this run or another, asks for the rest with Range and If-Range; where the server does not answer with
the rest of that same file, the download starts anew. Nothing else is written.

The standard library's urllib serves: proxies from the environment, redirects, certificates. Of `requests`, the retries
end where a body begins, which is where a download of gigabytes breaks.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path

from tinykws import __version__
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.files import not_writable, write_json
from tinykws.support.progress import SILENT, Progress

TIMEOUT_S = 30.0
"""A server that says nothing for so long is taken for gone."""
WAITS_S = (1, 2, 4, 8, 16)
"""Between tries; they begin again when a try brought something."""
LONGEST_WAIT_S = 120
"""More than this is not waited, whatever a server asks for."""
ADVANCE = 1 << 20
"""Bytes that count as having brought something: a server that gives one byte a try is not waited for for ever."""
BLOCK = 1 << 18
CHANGED = "the file on the server has changed, so it is fetched from its start"
_BUSY = (408, 425, 429, 500, 502, 503, 504)

Sleep = Callable[[float], None]


class _BrokenError(Exception):
    """This try failed; another may succeed."""

    def __init__(self, why: str, wait_s: float = 0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class _NoConnectionError(_BrokenError):
    """The server was not reached at all."""


class _RefusedError(Exception):
    """This address will not give the file."""


def check_url(url: str) -> None:
    """Raises ConfigError unless the address is one that `download` can ask."""
    if not re.fullmatch(r"https?://[!-.0-~][!-~]*", url):
        raise ConfigError(f"{url!r} is no address of a file", hint="http://…, https://…, file://… or a file's path")


def require_room(folder: Path, wanted: int, what: str) -> None:
    """Raises ConfigError where the disk of an existing folder has less than `wanted` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise ConfigError(
            f"{what} needs {wanted / 1e6:,.0f} MB, and {folder} has {free / 1e6:,.0f} MB free",
            hint="make room, or choose a folder on another disk",
        )


def part_size(path: Path) -> int:
    """Returns how many bytes of `path` an earlier download left to go on from."""
    return _Part(path).size


def download(
    urls: Sequence[str],
    path: Path,
    size: int | None = None,
    *,
    progress: Progress = SILENT,
    sleep: Sleep = time.sleep,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Downloads a file to `path`, going on from where an earlier call ended; does nothing where it is there.

    Args:
        urls: addresses of the same bytes; the next is tried where one fails.
        path: its folder must exist.
        size: bytes the file must have; None: as many as the server says.
        progress: draws the bytes, and tells why it tries again.
        sleep: waits between tries.
        timeout_s: for connecting, and between two pieces.

    Raises:
        ToolError: no address gave the file; it says why for each. What came is kept.
        ConfigError: no room, or no right to write.
    """
    if path.exists():
        return
    part, failures = _Part(path), []
    for url in urls:
        try:
            _from_one(url, part, size, progress=progress, sleep=sleep, timeout_s=timeout_s)
        except _RefusedError as error:
            failures.append(f"{url}: {error}")
            continue
        part.finish()
        return
    raise ToolError(
        f"cannot download {path.name}\n  " + "\n  ".join(failures),
        hint="the same command again: it goes on from where this one ended\n"
        "HTTPS_PROXY=http://host:port in the environment, where the network has a proxy\n"
        "--url FILE, with the archive that you downloaded elsewhere",
    )


def _from_one(url: str, part: _Part, size: int | None, *, progress: Progress, sleep: Sleep, timeout_s: float) -> None:
    """Tries one address until the file is whole. Raises _RefusedError."""
    furthest, waits, was_reached = part.size, list(WAITS_S), False
    while True:
        try:
            return _receive(url, part, size, progress, timeout_s)
        except _BrokenError as error:
            was_reached |= not isinstance(error, _NoConnectionError)
            if part.size >= furthest + ADVANCE:
                furthest, waits = part.size, list(WAITS_S)
            # Without a network the answer should be quick; a network that goes away midway often comes back.
            if not waits or not was_reached:
                raise _RefusedError(str(error)) from error
            wait_s = min(max(waits.pop(0), error.wait_s), LONGEST_WAIT_S)
            progress.say(f"{error}; trying again in {wait_s:.0f} s")
            sleep(wait_s)


def _receive(url: str, part: _Part, size: int | None, progress: Progress, timeout_s: float) -> None:
    """Makes one request and appends what it brings. Raises _BrokenError, _RefusedError."""
    if part.size and part.size == part.stamp.total:
        return
    if not part.stamp.validator:
        part.forget()  # nothing would tell whether the rest is of the same file
    headers = {"User-Agent": f"tinykws/{__version__}", "Accept-Encoding": "identity"}
    if part.size:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.stamp.validator}
    with _open(urllib.request.Request(url, headers=headers), part, timeout_s) as response:
        start, stamp = _told(response)
        if start and not (start == part.size and stamp.may_be(part.stamp)):
            part.forget()
            raise _BrokenError(CHANGED)
        if size is not None and stamp.total not in (size, None):
            raise _RefusedError(f"it has {stamp.total:,} bytes there, not {size:,}: another file")
        total = size if stamp.total is None else stamp.total
        if not start:
            part.begin(stamp)
        require_room(part.path.parent, (total or part.size) - part.size, "the download")
        _copy(response, part, total, progress)


def _open(request: urllib.request.Request, part: _Part, timeout_s: float) -> http.client.HTTPResponse:
    """Returns an answer that holds a file, or the rest of one. Raises _BrokenError, _RefusedError."""
    try:
        response: http.client.HTTPResponse = _opener().open(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and part.size:
            part.forget()
            raise _BrokenError(CHANGED) from error
        if error.code in _BUSY:
            raise _BrokenError(_status(error.code), _seconds(error.headers.get("Retry-After"))) from error
        raise _RefusedError(_status(error.code)) from error
    except http.client.InvalidURL as error:
        raise _RefusedError(f"no such address: {error}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise _RefusedError(f"its certificate is not trusted: {error.reason.verify_message}") from error
        raise _NoConnectionError(f"no connection: {_reason(error.reason)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(f"no answer: {_reason(error)}") from error
    if response.status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        response.close()
        raise _RefusedError(_status(response.status))
    return response


def _copy(response: http.client.HTTPResponse, part: _Part, total: int | None, progress: Progress) -> None:
    """Appends the body. Raises _BrokenError where it ends early."""
    with progress.track_bytes("downloading", total) as show, part.appending() as write:
        show(part.size)
        while total is None or part.size < total:
            try:
                block = response.read1(BLOCK if total is None else min(BLOCK, total - part.size))
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise _BrokenError(f"the connection broke after {part.size:,} bytes: {_reason(error)}") from error
            if not block:
                break
            write(block)
            show(part.size)
    if total is not None and part.size < total:
        raise _BrokenError(f"the connection ended after {part.size:,} of {total:,} bytes")


@dataclasses.dataclass(frozen=True)
class _Stamp:
    """What a server said of a file: enough to know it again."""

    validator: str = ""
    """A strong ETag, or else the date of the last change, as sent; empty where there is neither: no going on."""
    total: int | None = None

    def may_be(self, other: _Stamp) -> bool:
        """Returns whether nothing said of either tells them apart; an answer with a part may say less."""
        lengths = {self.total, other.total} - {None}
        return self.validator in ("", other.validator) and len(lengths) < 2


class _Part:
    """What came so far: PATH.part and PATH.part.json."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.with_name(path.name + ".part")
        self._json = path.with_name(path.name + ".part.json")
        self.stamp = self._read_stamp()
        self.size = self._file.stat().st_size if self.stamp.validator and self._file.exists() else 0

    def begin(self, stamp: _Stamp) -> None:
        """Starts a file anew."""
        self.forget()
        write_json(self._json, dataclasses.asdict(stamp))
        self.stamp = stamp

    @contextlib.contextmanager
    def appending(self) -> Iterator[Callable[[bytes], None]]:
        """Yields a function that appends bytes. Raises ConfigError where they cannot be written."""
        try:
            with self._file.open("ab" if self.size else "wb") as file:

                def write(block: bytes) -> None:
                    file.write(block)
                    self.size += len(block)

                yield write
        except OSError as error:
            raise not_writable(self.path.parent, error) from error

    def finish(self) -> None:
        """Gives the whole file its name."""
        self._file.replace(self.path)
        self._json.unlink(missing_ok=True)

    def forget(self) -> None:
        """Removes what came. The bytes go first: no bytes may ever stand beside another file's stamp."""
        self._file.unlink(missing_ok=True)
        self._json.unlink(missing_ok=True)
        self.size, self.stamp = 0, _Stamp()

    def _read_stamp(self) -> _Stamp:
        try:
            values = json.loads(self._json.read_text(encoding="utf-8"))
            return _Stamp(str(values["validator"]), values["total"])
        except (OSError, ValueError, KeyError, TypeError):
            return _Stamp()


def _told(response: http.client.HTTPResponse) -> tuple[int, _Stamp]:
    """Returns at which byte an answer starts and what it says of the whole file. Raises _RefusedError."""
    etag = response.headers.get("ETag", "")
    # A weak ETag promises the same meaning, not the same bytes (RFC 9110, 8.8.1 and 13.1.5).
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    if response.status == HTTPStatus.OK:
        return 0, _Stamp(validator, response.length)
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not match:
        raise _RefusedError("it answers with a part of the file, and not which")
    return int(match[1]), _Stamp(validator, None if match[2] == "*" else int(match[2]))


def _opener() -> urllib.request.OpenerDirector:
    """Like urllib's own, but for http and https alone: a redirect to ftp:// or file:// leads nowhere."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _status(code: int) -> str:
    if 300 <= code < 400:
        return f"the server redirects without end or to nowhere ({code})"
    try:
        return f"the server answers {code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"the server answers {code}"


def _seconds(retry_after: str | None) -> float:
    """Returns the seconds of a Retry-After header; its other form, a date, counts as none."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    text = getattr(error, "strerror", None) or str(error)
    return text or type(error).__name__
