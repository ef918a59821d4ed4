# SPDX-License-Identifier: Apache-2.0
"""A session with a device over a line that may be lost and found again."""

from __future__ import annotations

from collections.abc import Callable

from tinykws.device.clip_audio import ClipAudio
from tinykws.device.clip_transfer import ClipFaultError
from tinykws.device.open_device import OpenDevice
from tinykws.device.protocol import Ready
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import FAULT, LINK
from tinykws.device.transport.serial_transport import TransportLostError
from tinykws.support.errors import DeviceError


class RecoveringSession:
    """Knows whether the device is ready for a clip, and makes it so where it is not.

    Args:
        session: over the device's line.
        device: what may come back.
        check: raises DeviceError where a banner is another device's than the one wanted; it is asked whenever the
            device introduces itself, since anything may be at the cable's end after a fault.
    """

    def __init__(self, session: DeviceSession, device: OpenDevice, check: Callable[[Ready], None]) -> None:
        self.session = session
        self._device = device
        self._check = check
        self._needs_banner = True

    def begin(self) -> Ready:
        """Asks who is there and makes it ready for clips. Raises DeviceError where it is nobody, or somebody else."""
        ready = self.session.request_banner()
        self._check(ready)
        self.session.enter_test_mode()
        self._needs_banner = False
        return ready

    def ensure_ready(self) -> None:
        """Does so where something went wrong before. Raises DeviceError."""
        if self._needs_banner:
            self.begin()

    def send_with_retries(self, number: int, attempts: int, send: Callable[[], None]) -> None:
        """Sends a clip, again from its start where that fails; what came of each attempt is then in the log.

        Args:
            number: of the clip, counted from 1.
            attempts: most of them.
            send: does one; it calls send_clip().

        Raises:
            DeviceError: the device is gone for good, or another one is there.
        """
        for attempt in range(1, attempts + 1):
            self.session.log.begin_attempt(number, attempt)
            try:
                self.ensure_ready()
                send()
                return
            except ClipFaultError as fault:
                self.log_fault(str(fault))
            except TransportLostError as error:
                self.reconnect(error)

    def send_clip(self, audio: ClipAudio, tail_samples: int) -> None:
        """Sends a clip.

        Raises:
            ClipFaultError: it failed; the next one may go through.
            TransportLostError: the line is gone: see reconnect().
        """
        try:
            self.session.send_clip(audio, tail_samples)
        except TransportLostError:
            raise
        except DeviceError as error:
            raise ClipFaultError(error.message) from error

    def log_fault(self, reason: str) -> None:
        """Notes a fault; ensure_ready() is needed then."""
        self.session.log.add(FAULT, reason)
        self._needs_banner = True

    def reconnect(self, error: TransportLostError) -> None:
        """Waits for a lost line to come back. Raises DeviceError where it does not, or cannot."""
        log = self.session.log
        self.log_fault(error.message)
        if self._device.reconnect is None:
            raise error
        log.add(LINK, "waiting for it to come back")
        self.session.transport = self._device.reconnect()
        log.add(LINK, "it is back")
