# SPDX-License-Identifier: Apache-2.0
"""What ESP chips print before any program of theirs runs: their ROM's banner, and why they were reset."""

from __future__ import annotations

import re

_ROM_LINES = re.compile(
    r"ets [A-Z][a-z]{2} +\d+ \d{4} [\d:]+"  # ets Jun  8 2016 00:22:57
    r"|ESP-ROM:.*|Build:.*|Saved PC:0x[0-9a-f]+"
    r"|rst:0x[0-9a-f]+ \(\w+\),boot:0x.*"
    r"|configsip: .*|SPIWP:.*|clk_drv:.*|mode:.*, clock div:.*|load:0x.*|ho \d+ tail \d+ room \d+|entry 0x[0-9a-f]+"
)
_RESET = re.compile(r"rst:0x[0-9a-f]+ \((\w+)\)")


def is_boot_message(text: str) -> bool:
    """Returns whether a line is the ROM's and says nothing of the program."""
    return _ROM_LINES.fullmatch(text.strip()) is not None


def reset_reason(text: str) -> str | None:
    """Returns why the chip was reset, in the ROM's word (POWERON_RESET, RTCWDT_RTC_RESET…), where a line says it."""
    match = _RESET.match(text)
    return match[1] if match else None
