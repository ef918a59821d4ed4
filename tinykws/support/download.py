# SPDX-License-Identifier: Apache-2.0
"""Downloads one large file over HTTP and resumes after a broken connection or Ctrl-C.

`PATH.part` holds the bytes received so far, `PATH.part.json` what the server said about the file: its ETag or date, and
its length. The next attempt, in this run or another, asks for the rest with Range and If-Range. If the server does not
answer with the rest of the same file, the download starts from scratch. Nothing else is written.

Python's urllib is enough: it has proxies from the environment, redirects and certificates. The retries of `requests`
do not cover the body, and that is where a download of gigabytes breaks.
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
"""A server that sends nothing for so long is given up on."""
RETRY_WAITS_S = (1, 2, 4, 8, 16)
"""Seconds between attempts; they start over after an attempt that received data."""
MAX_WAIT_S = 120
"""Longest wait, whatever a server's Retry-After asks for."""
MIN_PROGRESS_BYTES = 1 << 20
"""Bytes that an attempt must receive to count as progress; a server that sends a byte per attempt is given up on."""
BLOCK = 1 << 18
CHANGED = "the file on the server has changed, so the download starts from scratch"
_BUSY = (408, 425, 429, 500, 502, 503, 504)

Sleep = Callable[[float], None]


class _BrokenError(Exception):
    """This attempt failed; another may succeed."""

    def __init__(self, why: str, wait_s: float = 0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class _NoConnectionError(_BrokenError):
    """The server was not reached at all."""


class _RefusedError(Exception):
    """This address will not give the file."""


def check_url(url: str) -> None:
    """Raises ConfigError unless `download` supports the address."""
    if not re.fullmatch(r"https?://[!-.0-~][!-~]*", url):
        raise ConfigError(
            f"{url!r} is not the address of a file", hint="give http://…, https://…, file://… or the path of a file"
        )


def require_free_space(folder: Path, wanted: int, what: str) -> None:
    """Raises ConfigError if the disk of an existing folder has less than `wanted` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise ConfigError(
            f"{what} needs {wanted / 1e6:,.0f} MB, but {folder} has only {free / 1e6:,.0f} MB free",
            hint="delete files on that disk, or choose a folder on another disk",
        )


def downloaded_bytes(path: Path) -> int:
    """Returns how many bytes of `path` an earlier download received; the next one resumes there."""
    return _PartialFile(path).size


def download(
    urls: Sequence[str],
    path: Path,
    size: int | None = None,
    *,
    progress: Progress = SILENT,
    sleep: Sleep = time.sleep,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Downloads a file to `path`, resuming where an earlier call ended; does nothing if the file exists.

    Args:
        urls: addresses of the same bytes; if one fails, the next is tried.
        path: its folder must exist.
        size: the file's size in bytes; None: whatever the server says.
        progress: shows the bytes received, and says why an attempt is repeated.
        sleep: waits between attempts.
        timeout_s: for connecting, and between two blocks.

    Raises:
        ToolError: no address gave the file; the message says why for each. What was received is kept.
        ConfigError: the disk is full, or the folder is not writable.
    """
    if path.exists():
        return
    part, failures = _PartialFile(path), []
    for url in urls:
        try:
            _download_from(url, part, size, progress=progress, sleep=sleep, timeout_s=timeout_s)
        except _RefusedError as error:
            failures.append(f"{url}: {error}")
            continue
        part.finish()
        return
    raise ToolError(
        f"cannot download {path.name}\n  " + "\n  ".join(failures),
        hint="run the same command again: it resumes where this one ended\n"
        "behind a proxy, set the environment variable: HTTPS_PROXY=http://host:port\n"
        "or download the archive in another way, and give the file: --url FILE",
    )


def _download_from(
    url: str, part: _PartialFile, size: int | None, *, progress: Progress, sleep: Sleep, timeout_s: float
) -> None:
    """Tries one address until the file is complete. Raises _RefusedError."""
    furthest, waits, was_reached = part.size, list(RETRY_WAITS_S), False
    while True:
        try:
            return _receive(url, part, size, progress, timeout_s)
        except _BrokenError as error:
            was_reached |= not isinstance(error, _NoConnectionError)
            if part.size >= furthest + MIN_PROGRESS_BYTES:
                furthest, waits = part.size, list(RETRY_WAITS_S)
            # Without a network, fail quickly; a network that fails midway often comes back.
            if not waits or not was_reached:
                raise _RefusedError(str(error)) from error
            wait_s = min(max(waits.pop(0), error.wait_s), MAX_WAIT_S)
            progress.say(f"{error}; trying again in {wait_s:.0f} s")
            sleep(wait_s)


def _receive(url: str, part: _PartialFile, size: int | None, progress: Progress, timeout_s: float) -> None:
    """Makes one request and appends the body. Raises _BrokenError, _RefusedError."""
    if part.size and part.size == part.stamp.total:
        return
    if not part.stamp.validator:
        part.forget()  # nothing would tell whether the rest is of the same file
    headers = {"User-Agent": f"tinykws/{__version__}", "Accept-Encoding": "identity"}
    if part.size:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.stamp.validator}
    with _open(urllib.request.Request(url, headers=headers), part, timeout_s) as response:
        start, stamp = _range_and_stamp(response)
        if start and not (start == part.size and stamp.may_be(part.stamp)):
            part.forget()
            raise _BrokenError(CHANGED)
        if size is not None and stamp.total not in (size, None):
            raise _RefusedError(f"the file there has {stamp.total:,} bytes, not {size:,}: it is another file")
        total = size if stamp.total is None else stamp.total
        if not start:
            part.begin(stamp)
        require_free_space(part.path.parent, (total or part.size) - part.size, "the download")
        _copy(response, part, total, progress)


def _open(request: urllib.request.Request, part: _PartialFile, timeout_s: float) -> http.client.HTTPResponse:
    """Returns a response with a file, or with the rest of one. Raises _BrokenError, _RefusedError."""
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


def _copy(response: http.client.HTTPResponse, part: _PartialFile, total: int | None, progress: Progress) -> None:
    """Appends the body. Raises _BrokenError if it ends early."""
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
    """What a server said about a file: enough to recognize it later."""

    validator: str = ""
    """A strong ETag, or else the date of the last change, as sent; empty if there is neither, so it cannot resume."""
    total: int | None = None

    def may_be(self, other: _Stamp) -> bool:
        """Returns whether both may be the same file; a response with a part of a file may say less about it."""
        lengths = {self.total, other.total} - {None}
        return self.validator in ("", other.validator) and len(lengths) < 2


class _PartialFile:
    """The bytes received so far: PATH.part and PATH.part.json."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.with_name(path.name + ".part")
        self._json = path.with_name(path.name + ".part.json")
        self.stamp = self._read_stamp()
        self.size = self._file.stat().st_size if self.stamp.validator and self._file.exists() else 0

    def begin(self, stamp: _Stamp) -> None:
        """Starts from scratch."""
        self.forget()
        write_json(self._json, dataclasses.asdict(stamp))
        self.stamp = stamp

    @contextlib.contextmanager
    def appending(self) -> Iterator[Callable[[bytes], None]]:
        """Yields a function that appends bytes. Raises ConfigError if they cannot be written."""
        try:
            with self._file.open("ab" if self.size else "wb") as file:

                def write(block: bytes) -> None:
                    file.write(block)
                    self.size += len(block)

                yield write
        except OSError as error:
            raise not_writable(self.path.parent, error) from error

    def finish(self) -> None:
        """Renames the complete file to its final name."""
        self._file.replace(self.path)
        self._json.unlink(missing_ok=True)

    def forget(self) -> None:
        """Removes what was received. The bytes go first, so that they never lie next to another file's stamp."""
        self._file.unlink(missing_ok=True)
        self._json.unlink(missing_ok=True)
        self.size, self.stamp = 0, _Stamp()

    def _read_stamp(self) -> _Stamp:
        try:
            values = json.loads(self._json.read_text(encoding="utf-8"))
            return _Stamp(str(values["validator"]), values["total"])
        except (OSError, ValueError, KeyError, TypeError):
            return _Stamp()


def _range_and_stamp(response: http.client.HTTPResponse) -> tuple[int, _Stamp]:
    """Returns the byte at which a response starts, and what it says about the whole file. Raises _RefusedError."""
    etag = response.headers.get("ETag", "")
    # A weak ETag promises the same meaning, not the same bytes (RFC 9110, 8.8.1 and 13.1.5).
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    if response.status == HTTPStatus.OK:
        return 0, _Stamp(validator, response.length)
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not match:
        raise _RefusedError("the server sends a part of the file without saying which")
    return int(match[1]), _Stamp(validator, None if match[2] == "*" else int(match[2]))


def _opener() -> urllib.request.OpenerDirector:
    """Like urllib's default, but for http and https only: a redirect to ftp:// or file:// is refused."""
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
    """Returns the seconds of a Retry-After header; 0 if it has none or a date."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    text = getattr(error, "strerror", None) or str(error)
    return text or type(error).__name__
