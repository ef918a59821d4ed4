# SPDX-License-Identifier: Apache-2.0
"""A session that survives a lost device: it reconnects, checks the banner again, and repeats the clip."""

from __future__ import annotations

import contextlib
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
    """Keeps a device ready for clips, after faults and reconnections too.

    Args:
        session: the session with the device.
        device: the opened device; it can reconnect.
        check: raises DeviceError if a banner is not that of the wanted device. Every banner is checked, because
            after a fault any device may be connected.
    """

    def __init__(self, session: DeviceSession, device: OpenDevice, check: Callable[[Ready], None]) -> None:
        self.session = session
        self._device = device
        self._check = check
        self._needs_banner = True

    def begin(self) -> Ready:
        """Requests and checks the banner, and makes the device ready for clips.

        Raises:
            DeviceError: no device answers, or the wrong one.
        """
        ready = self.session.request_banner()
        self._check(ready)
        self.session.enter_test_mode()
        self._needs_banner = False
        return ready

    def give_up(self) -> None:
        """Lets the device go after its engine refused the model, as far as it still answers."""
        with contextlib.suppress(DeviceError):
            self.session.leave(end_device=self._device.started_here)

    def ensure_ready(self) -> None:
        """Calls begin() again after a fault. Raises DeviceError."""
        if self._needs_banner:
            self.begin()

    def send_with_retries(self, number: int, attempts: int, send: Callable[[], None]) -> None:
        """Sends a clip, again from its start after a fault; the log then holds all attempts.

        Args:
            number: the clip's number, from 1.
            attempts: maximum number of attempts.
            send: makes one attempt; it calls send_clip().

        Raises:
            DeviceError: the device did not come back, or a different one did.
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
            ClipFaultError: it failed; the next attempt may succeed.
            TransportLostError: the port is gone: see reconnect().
        """
        try:
            self.session.send_clip(audio, tail_samples)
        except TransportLostError:
            raise
        except DeviceError as error:
            raise ClipFaultError(error.message) from error

    def log_fault(self, reason: str) -> None:
        """Logs a fault; ensure_ready() is needed then."""
        self.session.log.add(FAULT, reason)
        self._needs_banner = True

    def reconnect(self, error: TransportLostError) -> None:
        """Waits for a lost device to come back. Raises DeviceError if it does not, or cannot."""
        log = self.session.log
        self.log_fault(error.message)
        if self._device.reconnect is None:
            raise error
        log.add(LINK, "waiting for it to come back")
        self.session.transport = self._device.reconnect()
        log.add(LINK, "it is back")
