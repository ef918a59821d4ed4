# SPDX-License-Identifier: Apache-2.0
"""Checks serial ports: the user's permissions, programs that interfere, and which board is on which port."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tinykws.boards.rows import Board
from tinykws.device.transport.serial_ports import Port, boards_on, describe
from tinykws.doctor.computer import SerialRights
from tinykws.doctor.finding import Finding, absent

AREA = "serial"


def check_rights(rights: SerialRights, *, needed: bool) -> Finding:
    """Checks whether this user may open serial ports; `needed`: a board on one of them was selected."""
    barred = [device.path for device in rights.devices if not device.usable]
    if rights.devices and not barred:
        usable = ", ".join(device.path for device in rights.devices)
        return Finding(AREA, "permissions", "ok", f"{rights.user} may use {usable}")
    if not barred and (rights.is_root or rights.in_group):
        return Finding(AREA, "permissions", "ok", f"{rights.user} {'is root' if rights.is_root else _in(rights)}")
    state = absent(needed and bool(barred))
    why, fix = _why_barred(rights)
    return Finding(AREA, "permissions", state, f"{', '.join(barred)}: {why}" if barred else why, fix)


def _why_barred(rights: SerialRights) -> tuple[str, str]:
    """Returns why the user may not open serial ports, and what to do."""
    if not rights.group:
        return "the group that owns serial ports here is unknown", "connect a board, then: ls -l /dev/tty*"
    if rights.in_group:
        return f"{rights.user} {_in(rights)}, which may not use it", "to see the permissions: ls -l /dev/tty*"
    if rights.enrolled:
        login = f"{rights.user} {_in(rights)}, but only from the next login on"
        return login, f"log out and in again, or: newgrp {rights.group}"
    join = f"sudo usermod -a -G {rights.group} {rights.user}, then log in again"
    return f"{rights.user} is not in the group {rights.group}", join


def _in(rights: SerialRights) -> str:
    return f"is in the group {rights.group}"


def check_modem_manager(runs: bool) -> Finding:
    """Checks for ModemManager, which probes every new serial port for seconds: uploads fail, boards get garbage."""
    if not runs:
        return Finding(AREA, "ModemManager", "ok", "is not running")
    return Finding(
        AREA, "ModemManager", "warning", "is running: it uses a board's port for some seconds after each reset",
        "sudo systemctl disable --now ModemManager (or add PlatformIO's udev rules, which keep it off boards)",
    )  # fmt: skip


def check_ports(ports: Sequence[Port], boards: Iterable[Board], wanted: Board | None) -> list[Finding]:
    """Reports what is on each USB serial port and, if a board is wanted, whether it is connected."""
    boards = list(boards)
    findings = [_on_port(port, boards_on(port, boards)) for port in ports if port.usb_id is not None]
    if wanted is not None and wanted.serial.usb:
        if not any(port.usb_id in wanted.serial.usb for port in ports):
            findings.append(_not_there(wanted))
    elif not findings:
        findings.append(Finding(AREA, "ports", "ok", "no board is connected"))
    return findings


def _on_port(port: Port, fitting: Sequence[Board]) -> Finding:
    if fitting:
        looks_like = " or ".join(f"{board.id} ({board.name})" for board in fitting)
        return Finding(AREA, port.device, "ok", f"{port.usb_id}, matches {looks_like}")
    return Finding(
        AREA, port.device, "ok", f"{describe(port).removeprefix(port.device).strip()}, not a board of boards.yaml"
    )


def _not_there(board: Board) -> Finding:
    return Finding(
        AREA, board.id, "warning", f"not connected: no port has USB {' or '.join(board.serial.usb)}",
        "use a cable that carries data (many only charge); then press the board's reset button",
    )  # fmt: skip
