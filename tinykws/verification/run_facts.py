# SPDX-License-Identifier: Apache-2.0
"""What the first and the last entry of a log say about its run, which no line from the device contains."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from itertools import islice

from tinykws.device.protocol import Ready
from tinykws.device.session_log import RUN, LogEntry
from tinykws.project.labels import Label
from tinykws.support.dataclass_reader import require_at_least, require_in_range
from tinykws.support.errors import ConfigError
from tinykws.support.json_text import read_json_object

MOST_NAMED = 5
"""Missing clips that are named; the others are counted."""


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """The first entry of a log of clips."""

    clips: int
    """Number of clips to verify."""
    labels: tuple[Label, ...]
    """The model's labels."""
    sample_rate_hz: int
    min_accuracy: float | None
    """The required accuracy; None if none was required."""
    lead_in_ms: int = 0
    """What the device heard before each clip; times in its lines count from there. 0 in logs from before there was a
    lead-in."""
    refused: str = ""
    """Why no device was asked: the bundle is wrong. Empty if one was."""
    board: str = ""
    """The board's id; empty in older logs."""
    model_id: str = ""
    """Identifies the bundle's model; empty in older logs."""
    identity: str = ""
    """Of the bundle that the run was made with (tinykws/project/identity.py); empty in older logs."""

    def to_text(self) -> str:
        """Returns the text of a `run` entry."""
        return json.dumps(dataclasses.asdict(self))

    def plan_complaint(self, numbers: Sequence[int]) -> str:
        """Returns what is wrong with the clips that the log has, by their numbers; "" if they are those of the plan."""
        if len(numbers) == self.clips and all(number == at for at, number in enumerate(numbers, start=1)):
            return ""
        present = {number for number in numbers if 1 <= number <= self.clips}
        have = len(present)
        if have == self.clips:
            return f"the log has {len(numbers)} clips, but the run had planned {self.clips}: was it joined or edited?"
        missing = (number for number in range(1, self.clips + 1) if number not in present)
        named = ", ".join(map(str, islice(missing, MOST_NAMED))) + (" …" if self.clips - have > MOST_NAMED else "")
        return f"the log has only {have} of the {self.clips} planned clips; missing: clip {named}"


def banner_of_refused(board: str, model_id: str, labels: Sequence[Label]) -> Ready:
    """Returns what stands for the banner in the report on a run in which no device was asked."""
    return Ready(0, board, "none", model_id, 0, 0, tuple(label.name for label in labels))


def with_left_out(reason: str, lines_left_out: int) -> str:
    """Returns the reason of a FAIL, and that the log is not whole: what is missing may be the cause."""
    return (
        f"{reason}; {lines_left_out} lines from the device are not in the log" if reason and lines_left_out else reason
    )


def facts_of(entries: Iterable[LogEntry]) -> RunFacts:
    """Parses a log's `run` entry. Raises ConfigError if it is missing or damaged."""
    facts = run_facts_of(entries)
    if facts is None:
        raise ConfigError("not a log of clips: it has no `run` entry")
    return facts


def run_facts_of(entries: Iterable[LogEntry]) -> RunFacts | None:
    """Parses a log's `run` entry; None if there is none. Raises ConfigError if it is damaged."""
    text = next((entry.text for entry in entries if entry.kind == RUN), None)
    if text is None:
        return None
    try:
        facts = read_json_object(RunFacts, text)
        require_at_least("clips", facts.clips, 0)
        require_at_least("sample_rate_hz", facts.sample_rate_hz, 1)
        require_at_least("lead_in_ms", facts.lead_in_ms, 0)
        if facts.min_accuracy is not None:
            require_in_range("min_accuracy", facts.min_accuracy, 0, 1)
    except ConfigError as error:
        raise ConfigError(f"the log's first entry is damaged: {error.message}") from error
    return facts
