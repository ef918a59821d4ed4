# SPDX-License-Identifier: Apache-2.0
"""Writes the log of a session that a test has put together."""

from __future__ import annotations

from collections.abc import Iterable

from tinykws.device.session_log import LogEntry


def write_entries(entries: Iterable[LogEntry]) -> str:
    """Returns a log as JSONL."""
    return "".join(entry.to_line() for entry in entries)
