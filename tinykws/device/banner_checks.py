# SPDX-License-Identifier: Apache-2.0
"""Checks of a device's banner (`kws ready …`): does it run the expected firmware, and did its self-test pass?"""

from __future__ import annotations

from tinykws.boards.rows import Board
from tinykws.device.protocol import PROTOCOL_VERSION, Ready
from tinykws.model.bundle import Bundle
from tinykws.support.errors import DeviceError

FINDINGS = {
    "features": "its front-end computes other features of the golden clip than the host",
    "scores": "its model gives other scores for the golden clip than TFLite Micro's interpreter",
    "engine": "its model does not start, or does not run",
}
"""By the banner's word; `ok` and `none` are none of them."""

SELF_TEST_ADVICE = """\
putting the firmware on it again: tinykws flash   (a transfer, or the flash memory, may be damaged)
`tinykws verify`, which says where device and host part
if it stays: another --engine, or build flags in boards.yaml without -ffast-math and -Ofast"""


def self_test_failure(ready: Ready) -> str | None:
    """Returns what the self-test found, or None where it found nothing or was not run."""
    if ready.self_test in ("ok", "none"):
        return None
    finding = FINDINGS.get(ready.self_test, f"it says {ready.self_test!r}")
    return f"the device's self-test fails: {finding}"


def check_firmware_matches(ready: Ready, bundle: Bundle, board: Board) -> None:
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
