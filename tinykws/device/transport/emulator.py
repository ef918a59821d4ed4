# SPDX-License-Identifier: Apache-2.0
"""Emulated boards: the firmware runs as a process on this computer, or in a machine that QEMU emulates.

In both cases the program serves its serial port on a local TCP port, so a session sees no difference from a physical
board. Leaving the `with` stops the emulator, for whatever reason. If this process is killed, the emulator exits by
itself: the process when its connection closes, QEMU after ten minutes without input.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import IO

from tinykws.boards.model_slot import EMULATOR
from tinykws.boards.rows import Board
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.serial_transport import SerialTransport, open_transport
from tinykws.device.transport.shared_file import SharedFileTransport, open_shared_file
from tinykws.support.errors import ConfigError, DeviceError, ToolError
from tinykws.support.interrupts import start_uninterrupted
from tinykws.support.programs import install_hint

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 60.0
"""Both end early; the system may be busy."""
START_ATTEMPTS = 3
"""A TCP port that was free a moment ago may be taken when the emulator opens it."""

QEMU_CLOCK = "shift=5"
"""32 ns of emulated time per instruction, as on a core of 31 MHz: emulated time counts instructions, so it is the same
in every run."""
INSTRUCTIONS_PER_US = 1000 / 2**5

EXIT_HOST_SILENT = 62
EXIT_EXCEPTION = 64
"""KWS_EXIT_… of firmware/ports/qemu_mps2/kws_mps2.h and qemu_virt_rv32/kws_virt.h."""
EXCEPTIONS = {
    "qemu-system-arm": {2: "NMI", 3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault"},
    "qemu-system-riscv32": {
        **{0: "misaligned jump", 1: "jump outside memory", 2: "illegal instruction", 3: "breakpoint"},
        **{4: "misaligned load", 5: "load access fault", 6: "misaligned store", 7: "store access fault"},
    },
}
"""Names of the processor's exception numbers, by emulator (ARMv7-M: IPSR; RISC-V: mcause)."""


class Emulator:
    """A running emulated device."""

    def __init__(self, kind: str, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._kind = kind
        self._process = process
        self._errors = errors

    def exit_reason(self, wait_s: float = 0.0) -> str | None:
        """Returns a description of why it exited, after waiting up to `wait_s` for that; None while it runs."""
        try:
            return describe_exit(self._kind, self._process.wait(wait_s), self._error_text())
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Kills it and waits for its end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait(END_TIMEOUT_S)

    def _error_text(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", errors="replace").splitlines()
        return " ".join(line for line in lines if "info: QEMU waiting for connection" not in line)[-500:]


@contextlib.contextmanager
def emulated(
    board: Board, program: Path, *, fast: bool = False, clock: Callable[[], float] = time.monotonic
) -> Iterator[tuple[Emulator, LineTransport]]:
    """Starts a board's program and yields it with a transport to it; leaving the `with` stops both.

    Args:
        board: its row of boards.yaml.
        program: the compiled firmware.
        fast: lines to the program go through a shared file (shared_file.py) instead of the UART.
        clock: a clock in seconds.

    Raises:
        ConfigError: the board is not an emulated one or has no faster transport, or the program does not exist.
        ToolError: QEMU is missing or cannot be started.
        DeviceError: the program exited before it opened its serial port.
    """
    if not program.is_file():
        raise ConfigError(f"the program {program} does not exist", hint=f"build it: tinykws build --board {board.id}")
    if fast and board.fast_transport is None:
        raise ConfigError(f"{board.name} has only its serial port, no faster transport", hint="omit --transport fast")
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open_shared_file()) if fast else None
        for attempt in range(START_ATTEMPTS):
            try:
                emulator, transport = stack.enter_context(_started(board, program, free_port(), file, clock))
                break
            except _PortTakenError as error:
                if attempt + 1 == START_ATTEMPTS:
                    raise ToolError(f"no free TCP port for the emulator: {error}") from error
        yield emulator, transport


def slot_file(board: Board, program: Path) -> Path | None:
    """Returns the file next to a program that the emulator takes for the content of the board's model slot; None if the
    board has no slot."""
    slot = board.model_slot
    return program.with_name("model_image.bin") if slot is not None and slot.writer == EMULATOR else None


def emulator_command(board: Board, program: Path, port: int) -> list[str]:
    """Returns the command that runs a board's program with its serial port on a local TCP port."""
    if board.emulator == "process":
        return [str(program.resolve())]
    serial = f"socket,id=serial,host=127.0.0.1,port={port},server=on,wait=on,nodelay=on"
    return [
        *[str(board.emulator), "-machine", board.machine, "-cpu", board.cpu, *board.emulator_options],
        *["-display", "none", "-monitor", "none", "-icount", QEMU_CLOCK],
        *["-semihosting-config", "enable=on,target=native"],
        *["-chardev", serial, "-serial", "chardev:serial", "-kernel", str(program.resolve())],
        *_slot_options(board, program),
    ]


def _slot_options(board: Board, program: Path) -> list[str]:
    """Returns QEMU's options that load what is in the model slot; none while nothing is."""
    file = slot_file(board, program)
    if board.model_slot is None or file is None or not file.is_file():
        return []
    escaped = str(file.resolve()).replace(",", ",,")  # as QEMU reads options
    return ["-device", f"loader,file={escaped},addr=0x{board.model_slot.address:x},force-raw=on"]


def emulator_environment(board: Board, program: Path, port: int) -> Mapping[str, str]:
    """Returns the environment variables to add to those of this process."""
    if board.emulator != "process":
        return {}
    file = slot_file(board, program)
    slot = {} if file is None else {"KWS_MODEL_SLOT": str(file.resolve())}
    return {"KWS_SERIAL": f"127.0.0.1:{port}", **slot}


def describe_exit(emulator: str, code: int, errors: str = "") -> str:
    """Returns what an exit code means, for a device under this emulator (a board's `emulator`)."""
    said = f": {errors}" if errors else ""
    if code < 0:
        return f"killed by {_signal_name(-code)}{said}"
    if code >= EXIT_EXCEPTION:
        number = code - EXIT_EXCEPTION
        name = EXCEPTIONS.get(emulator, {}).get(number, "unexpected interrupt")
        return f"exception {number} ({name}), exit code {code}{said}"
    if code == EXIT_HOST_SILENT:
        return f"exited because it received no input, exit code {code}"
    return f"exit code {code}{said}"


def free_port() -> int:
    """Returns a local TCP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _PortTakenError(Exception):
    """Another program took the TCP port first."""


@contextlib.contextmanager
def _started(
    board: Board, program: Path, port: int, file: FileIO | None, clock: Callable[[], float]
) -> Iterator[tuple[Emulator, LineTransport]]:
    command = emulator_command(board, program, port)
    if board.emulator != "process" and shutil.which(command[0]) is None:
        hint = f"{install_hint([command[0]])}\nor use a board that needs no emulator: --board host"
        raise ToolError(f"{command[0]} is not on PATH", hint=hint)
    with tempfile.TemporaryFile() as errors:
        folder = None if file is None else Path(file.name).parent
        environment = {**os.environ, **emulator_environment(board, program, port)}
        emulator = start_uninterrupted(
            lambda: Emulator(str(board.emulator), _start(command, environment, folder, errors), errors), Emulator.stop
        )
        try:
            with _connect(emulator, f"socket://127.0.0.1:{port}", clock) as transport:
                yield emulator, transport if file is None else SharedFileTransport(transport, file)
        finally:
            emulator.stop()


def _start(
    command: list[str], environment: Mapping[str, str], folder: Path | None, errors: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Starts a command in a folder (None: the current one) and in its own process group, so that Ctrl-C reaches only
    this process, which then stops the command."""
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise ToolError(f"cannot start {command[0]}: {error.strerror}") from error
    _keep_on_one_core(process.pid)
    return process


def _keep_on_one_core(pid: int) -> None:
    """Pins a process to one core. Each serial byte goes from QEMU's I/O thread to its CPU thread; between two cores
    this takes almost three times as long (19 instead of 52 kB/s, measured). Threads started later inherit this. Linux
    only: other systems have no such call."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, {random.choice(sorted(os.sched_getaffinity(pid)))})


def _connect(emulator: Emulator, url: str, clock: Callable[[], float]) -> SerialTransport:
    deadline = clock() + START_TIMEOUT_S
    while True:
        try:
            return open_transport(url, clock=clock)
        except DeviceError as error:
            reason = emulator.exit_reason(wait_s=0.005)
            if reason is not None and "in use" in reason:
                raise _PortTakenError(reason) from error
            if reason is not None:
                raise DeviceError(f"the emulated device did not start: {reason}") from error
            if clock() > deadline:
                raise DeviceError(f"the emulated device did not start in {START_TIMEOUT_S:.0f} s") from error


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
