# SPDX-License-Identifier: Apache-2.0
"""Checks of a device's banner (`kws ready …`): does it run the expected firmware, and did its self-test pass?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinykws.device.protocol import PROTOCOL_VERSION, DeviceTrouble, Ready
from tinykws.project.identity import IDENTITY, different_parts, in_words
from tinykws.support.errors import DeviceError

if TYPE_CHECKING:  # monitor needs no NumPy
    from tinykws.boards.rows import Board
    from tinykws.model.bundle import Bundle


class EngineRefusedError(DeviceError):
    """The device runs, but its engine refused the model at boot, so it processes no clip."""


FINDINGS = {
    "features": "its front-end computes different features for the golden clip than the host",
    "scores": "its model gives different scores for the golden clip than TFLite Micro's interpreter",
    "engine": "its model does not start, or does not run",
}
"""By the value of `selftest=` in the banner; `ok` and `none` are not failures."""

NO_IDENTITY = (
    "the device's firmware is from an older tinykws and does not say which settings it has: only its model and labels"
    " were compared; put this bundle on the device to compare all"
)
SELF_TEST_ADVICE = """\
flash the firmware again: tinykws flash   (the upload or the flash memory may be damaged)
run `tinykws verify`, which says where device and host first differ
if it persists: another --engine, or build flags in boards.yaml without -ffast-math and -Ofast"""


def self_test_failure(ready: Ready) -> str | None:
    """Returns a sentence on why the device's self-test at boot failed; None if it passed or was not run."""
    if ready.self_test in ("ok", "none"):
        return None
    finding = FINDINGS.get(ready.self_test, f"it says {ready.self_test!r}")
    return f"the device's self-test fails: {finding}"


def engine_refusal(line: DeviceTrouble) -> str:
    """Returns a sentence on an engine that refused its model at boot, from the device's error line."""
    return f"the device's engine did not start: {line.words}"


def identity_difference(theirs: str, ours: str) -> str | None:
    """Returns what differs between a device and a bundle, in words; None if nothing does, or the device has no id."""
    parts = different_parts(theirs, ours) if theirs else ()
    shown = theirs if IDENTITY.fullmatch(theirs) else repr(theirs[:40])
    return f"{in_words(parts)} (id {shown}, the bundle's is {ours})" if parts else None


def check_firmware_matches(ready: Ready, bundle: Bundle, board: Board) -> None:
    """Compares a banner with the bundle and board that the host expects.

    A device without an identity is compared by its model and labels; tell the user NO_IDENTITY then.

    Raises:
        DeviceError: firmware mismatch, with the first field that differs; or the device cannot take any audio.
    """
    labels = tuple(label.name for label in bundle.labels)
    command = "flash" if board.emulator is None else "build"
    for what, theirs, ours in (
        ("protocol version", ready.protocol, PROTOCOL_VERSION),
        ("board", ready.board, board.id),
        ("model", ready.model, bundle.model_id),
        ("labels", ",".join(ready.labels), ",".join(labels)),
    ):
        if theirs != ours:
            raise DeviceError(
                f"firmware mismatch: the device's {what} is {theirs}, the bundle's is {ours}",
                hint=f"put this bundle on the device: tinykws {command} --board {board.id}",
            )
    difference = identity_difference(ready.identity, bundle.identity)
    if difference is not None:
        raise DeviceError(
            f"firmware mismatch: device and bundle differ in {difference}",
            hint=f"put this bundle on the device: tinykws {command} --board {board.id}",
        )
    if ready.line_bytes < 2 or ready.line_bytes % 2 or ready.window_lines < 1:
        raise DeviceError(
            f"the device accepts {ready.window_lines} lines of {ready.line_bytes} bytes at a time: no audio fits"
        )
