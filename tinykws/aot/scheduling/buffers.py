# SPDX-License-Identifier: Apache-2.0
"""The buffers of a schedule that is being built: what each holds, and during which steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable

from tinykws.aot.scheduling.arena import ALIGNMENT, Buffer
from tinykws.aot.scheduling.schedule import Place


@dataclasses.dataclass(eq=False)
class _Draft:
    name: str
    size: int
    is_kept: bool
    steps: set[int] = dataclasses.field(default_factory=set)


class BufferTable:
    """Places for everything that a schedule names, and the buffers they lie in."""

    def __init__(self) -> None:
        self._places: dict[Hashable, Place] = {}
        self._drafts: list[_Draft] = []

    def __getitem__(self, key: Hashable) -> Place:
        """Returns the place of something that has one already."""
        return self._places[key]

    def new(self, key: Hashable, name: str, size: int) -> Place:
        """Returns a place for something: a new one at first, the same one when called again."""
        if key not in self._places:
            self._add(key, Place(len(self._drafts)), _Draft(name, size, is_kept=False))
        return self._places[key]

    def share(self, key: Hashable, other: Hashable) -> Place:
        """Gives something the place of something else that is no longer needed; returns the place."""
        self._places[key] = self._places[other]
        return self._places[key]

    def kept(self, key: Hashable, name: str, size: int, copies: int) -> Place:
        """Like `new`, for so many copies that keep their content between inferences."""
        if key not in self._places:
            copy_bytes = -(-size // ALIGNMENT) * ALIGNMENT
            title = f"kept: {name}, {copies} copies" if copies > 1 else f"kept: {name}"
            draft = _Draft(title, (copies - 1) * copy_bytes + size, is_kept=True)
            self._add(key, Place(len(self._drafts), 0, copies, copy_bytes), draft)
        return self._places[key]

    def _add(self, key: Hashable, place: Place, draft: _Draft) -> None:
        self._places[key] = place
        self._drafts.append(draft)

    def touch(self, place: Place, step: int) -> None:
        """Records that a step reads or writes a place."""
        self._drafts[place.buffer].steps.add(step)

    def buffers(self, n_steps: int, output: Place) -> list[Buffer]:
        """Returns all buffers. Kept ones are live in every step, the output until the next input is filled in."""
        return [self._buffer(draft, n_steps, number == output.buffer) for number, draft in enumerate(self._drafts)]

    def _buffer(self, draft: _Draft, n_steps: int, is_output: bool) -> Buffer:
        if draft.is_kept:
            return Buffer(draft.name, draft.size, frozenset(range(n_steps + 2)))
        steps = draft.steps | {n_steps + 1} if is_output else draft.steps
        live = set(range(min(steps), max(steps) + 1))
        return Buffer(draft.name, draft.size, frozenset(live | {0} if is_output else live))
