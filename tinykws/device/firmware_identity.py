# SPDX-License-Identifier: Apache-2.0
"""Whether the device at the cable's end runs what we think it runs."""

from __future__ import annotations

from tinykws.boards.rows import Board
from tinykws.device.protocol import PROTOCOL_VERSION, Ready
from tinykws.model.bundle import Bundle
from tinykws.support.errors import DeviceError


def refuse_other_firmware(ready: Ready, bundle: Bundle, board: Board) -> None:
    """Raises DeviceError, with the first difference, where the device runs something else than `bundle` for `board`."""
    labels = tuple(label.name for label in bundle.labels)
    mend = "flash" if board.emulator is None else "build"
    for what, theirs, ours in (
        ("protocol version", ready.protocol, PROTOCOL_VERSION),
        ("board", ready.board, board.id),
        ("model", ready.model, bundle.model_id),
        ("labels", ",".join(ready.labels), ",".join(labels)),
    ):
        if theirs != ours:
            raise DeviceError(
                f"the device runs something else: its {what} is {theirs}, here it is {ours}",
                hint=f"put this bundle on it: tinykws {mend} --board {board.id}",
            )
    if ready.line_bytes < 2 or ready.line_bytes % 2 or ready.window_lines < 1:
        raise DeviceError(f"the device takes {ready.window_lines} lines of {ready.line_bytes} bytes: no audio fits")
