# SPDX-License-Identifier: Apache-2.0
"""What a device's self-test at boot says, in words for a person, and what to do about it."""

from __future__ import annotations

from tinykws.device.protocol import Ready

FINDINGS = {
    "features": "its front-end computes other features of the golden clip than the host",
    "scores": "its model gives other scores for the golden clip than TFLite Micro's interpreter",
    "engine": "its model does not start, or does not run",
}
"""By the banner's word; `ok` and `none` are none of them."""

ADVICE = """\
putting the firmware on it again: tinykws flash   (a transfer, or the flash memory, may be damaged)
`tinykws verify`, which says where device and host part
if it stays: another --engine, or build flags in boards.yaml without -ffast-math and -Ofast"""


def complaint_of(ready: Ready) -> str | None:
    """Returns what the self-test found, or None where it found nothing or was not run."""
    if ready.self_test in ("ok", "none"):
        return None
    finding = FINDINGS.get(ready.self_test, f"it says {ready.self_test!r}")
    return f"the device's self-test fails: {finding}"
