# SPDX-License-Identifier: Apache-2.0
"""Flow control: nothing is lost where the device's receive buffer is small and nothing holds the host back."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from firmware_application import expected_lines, sound, without_times
from simulated_uart import SimulatedUart, build_library

from tinykws.device.clip_audio import AudioInMemory
from tinykws.device.clip_results import results_of
from tinykws.device.protocol import ClipFigures, Line
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import SENT, SessionLog

BRIDGE = 115_200 / 10
"""Bytes a second of a USB bridge at 115,200 baud: ten bits a byte."""
NATIVE_USB = 1_000_000.0
ARDUINO_BUFFER = 2048
"""kSerialBytes of main_arduino.cpp."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    return build_library(tmp_path_factory.mktemp("uart"))


def send(uart: SimulatedUart, samples: np.ndarray) -> tuple[list[Line], SessionLog]:
    """Sends a clip; returns its results without their times, and the log."""
    log = SessionLog(lambda: uart.time)
    session = DeviceSession(uart, log, timeout_s=30.0)
    session.request_banner()
    session.send_clip(AudioInMemory(samples.astype("<i2").tobytes()), 8000)
    return without_times(results_of(log.entries)), log


@pytest.mark.slow
@pytest.mark.parametrize("inference_s", [0.02, 0.4], ids=lambda s: f"{s:g}s an inference")
@pytest.mark.parametrize("buffer_bytes", [256, ARDUINO_BUFFER, 16384])
@pytest.mark.parametrize("bytes_per_s", [BRIDGE, NATIVE_USB], ids=["bridge", "usb"])
def test_nothing_is_lost(library: Path, bytes_per_s: float, buffer_bytes: int, inference_s: float) -> None:
    uart = SimulatedUart(library, bytes_per_s, buffer_bytes, buffer_bytes, inference_s)
    samples = sound(1.0)
    results, log = send(uart, samples)
    assert uart.lost == 0
    expected = expected_lines(np.concatenate([samples, np.zeros(8000, np.int16)]))
    assert [line for line in results[:-1] if not isinstance(line, ClipFigures)] == expected[:-1]
    assert not any("NAK" in entry.text for entry in log.entries)
    assert inference_s > 0.3 or sum("!SYNC" in entry.text for entry in log.entries if entry.kind == SENT) == 1


def test_a_bridge_is_kept_busy(library: Path) -> None:
    """While the device works on one line the next one travels: the wire, not the waiting, is what takes the time."""
    uart = SimulatedUart(library, BRIDGE, ARDUINO_BUFFER, ARDUINO_BUFFER, 0.02)
    _, log = send(uart, sound(2.0))
    audio = [entry for entry in log.entries if entry.text.startswith("(@")]
    took_s = (log.entries[-1].ms - audio[0].ms) / 1000
    assert uart.out_busy_s > 0.9 * took_s


def test_a_port_that_says_too_much_of_its_buffer_loses_bytes_and_the_clip_goes_through_all_the_same(
    library: Path,
) -> None:
    """What is lost is sent again; and the simulation can fail."""
    uart = SimulatedUart(library, NATIVE_USB, 1500, 16384, 0.02)
    samples = sound(1.0)
    results, _ = send(uart, samples)
    assert uart.lost > 0
    expected = expected_lines(np.concatenate([samples, np.zeros(8000, np.int16)]))
    assert results[: len(expected) - 1] == expected[:-1]
