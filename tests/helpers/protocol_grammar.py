# SPDX-License-Identifier: Apache-2.0
"""The grammar in docs/reference/serial_protocol.md, as regular expressions by name."""

from __future__ import annotations

import functools
import re
from pathlib import Path

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "reference" / "serial_protocol.md"
_RULE = re.compile(r"(\w+) += (.+)")
_NAME = re.compile(r"\{([a-z]\w*)\}")


@functools.cache
def grammar() -> dict[str, re.Pattern[str]]:
    """The rules, with references to other rules replaced."""
    text = DOCUMENT.read_text(encoding="utf-8").split("## The grammar")[1]
    rules: dict[str, str] = {}
    for line in text.split("```")[1].splitlines():
        rule = _RULE.fullmatch(line)
        if rule:
            rules[rule[1]] = _NAME.sub(lambda name: f"(?:{rules[name[1]]})", rule[2])
    return {name: re.compile(rule) for name, rule in rules.items()}


def is_of(kind: str, line: str) -> bool:
    """Whether a whole line matches the rule."""
    return grammar()[kind].fullmatch(line) is not None
