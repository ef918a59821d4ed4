# SPDX-License-Identifier: Apache-2.0
"""The check at the end of a line: ` *` and the CRC-32 of everything before it, in eight hex digits (kws_check.h)."""

from __future__ import annotations

import re
import zlib

_CHECK = re.compile(r"(.*) \*([0-9a-f]{8})", re.DOTALL)


def with_check(text: str) -> str:
    """Returns an ASCII line with its check appended."""
    return f"{text} *{zlib.crc32(text.encode('ascii')):08x}"


def split_check(text: str) -> tuple[str, bool | None]:
    """Returns a line without its check, and whether the check is valid; None and the whole line if it has no check."""
    match = _CHECK.fullmatch(text)
    if match is None:
        return text, None
    body = match[1]
    return body, zlib.crc32(body.encode("utf-8", errors="surrogatepass")) == int(match[2], 16)
