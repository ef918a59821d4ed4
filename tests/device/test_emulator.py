# SPDX-License-Identifier: Apache-2.0
"""Emulated devices: the exact commands, how each kind of end is told, and that none is ever left running."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tinykws.boards.rows import Board, find_board
from tinykws.device.transport import emulator as door
from tinykws.device.transport.emulator import Emulator, describe_exit, emulated, emulator_command, emulator_environment
from tinykws.device.transport.line_transport import LineTransport
from tinykws.support.errors import ConfigError, DeviceError, ToolError
from tinykws.support.resources import FIRMWARE

HOST = find_board("host")
QEMU = find_board("qemu-cortex-m4")
ARM = "qemu-system-arm"
RISCV = "qemu-system-riscv32"
ECHO = """
import os, socket, sys
host, port = os.environ["KWS_SERIAL"].split(":")
with socket.create_server((host, int(port))) as server:
    connection, _ = server.accept()
while data := connection.recv(4096):
    if b"die" in data:
        os.kill(os.getpid(), 11)
    if b"end" in data:
        sys.exit("cannot go on")
    connection.sendall(data)
"""


def script(folder: Path, text: str) -> Path:
    """A program for the host board, in Python."""
    path = folder / "program"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def process_id(emulator: Emulator) -> int:
    return emulator._process.pid


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_host_program_gets_its_port_by_environment(tmp_path: Path) -> None:
    program = tmp_path / "firmware.elf"
    assert emulator_command(HOST, program, 5555) == [str(program)]
    assert emulator_environment(HOST, program, 5555) == {"KWS_SERIAL": "127.0.0.1:5555"}


def test_qemu_gets_its_port_by_option(tmp_path: Path) -> None:
    program = tmp_path / "firmware.elf"
    assert emulator_command(QEMU, program, 5555) == [
        *["qemu-system-arm", "-machine", "mps2-an386", "-cpu", "cortex-m4"],
        *["-display", "none", "-monitor", "none", "-icount", "shift=5"],
        *["-semihosting-config", "enable=on,target=native"],
        *["-chardev", "socket,id=serial,host=127.0.0.1,port=5555,server=on,wait=on,nodelay=on"],
        *["-serial", "chardev:serial", "-kernel", str(program)],
    ]
    assert emulator_environment(QEMU, program, 5555) == {}


def test_a_machine_gets_the_options_of_its_row(tmp_path: Path) -> None:
    command = emulator_command(find_board("qemu-riscv32"), tmp_path / "firmware.elf", 5555)
    assert command[:9] == [
        *["qemu-system-riscv32", "-machine", "virt", "-cpu", "rv32,a=off,f=off,d=off"],
        *["-bios", "none", "-m", "16M"],
    ]


@pytest.mark.parametrize(
    ("emulator", "code", "errors", "words"),
    [
        ("process", 0, "", "exit code 0"),
        ("process", 63, "bind: no", "exit code 63: bind: no"),
        (ARM, 62, "", "exited because it received no input, exit code 62"),
        (ARM, 67, "", "exception 3 (HardFault), exit code 67"),
        (ARM, 69, "", "exception 5 (BusFault), exit code 69"),
        (ARM, 80, "", "exception 16 (unexpected interrupt), exit code 80"),
        (RISCV, 67, "", "exception 3 (breakpoint), exit code 67"),
        (RISCV, 71, "", "exception 7 (store access fault), exit code 71"),
        ("process", -11, "", "killed by SIGSEGV"),
        (ARM, -200, "", "killed by signal 200"),
    ],
)
def test_every_end_has_its_words(emulator: str, code: int, errors: str, words: str) -> None:
    assert describe_exit(emulator, code, errors) == words


def test_a_program_talks_and_is_ended_afterwards(tmp_path: Path) -> None:
    with emulated(HOST, script(tmp_path, ECHO)) as (emulator, transport):
        transport.send_lines(["hello"])
        assert transport.read_line(60) == "hello"
        assert emulator.exit_reason() is None
        pid = process_id(emulator)
        assert is_running(pid)
    assert not is_running(pid)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_it_is_ended_whatever_happens(tmp_path: Path, error: type[BaseException]) -> None:
    pid = 0
    with pytest.raises(error), emulated(HOST, script(tmp_path, ECHO)) as (emulator, _):
        pid = process_id(emulator)
        raise error
    assert not is_running(pid)


@pytest.mark.parametrize(("order", "reason"), [("die", "killed by SIGSEGV"), ("end", "exit code 1: cannot go on")])
def test_a_death_is_explained(tmp_path: Path, order: str, reason: str) -> None:
    with emulated(HOST, script(tmp_path, ECHO)) as (emulator, transport):
        transport.send_lines([order])
        with pytest.raises(DeviceError, match="was lost"):
            transport.read_line(60)
        assert emulator.exit_reason(wait_s=60) == reason


def test_a_program_that_ends_at_once_is_an_error_with_its_reason(tmp_path: Path) -> None:
    program = script(tmp_path, "raise SystemExit('no serial line')")
    with pytest.raises(DeviceError, match="did not start: exit code 1: no serial line"), emulated(HOST, program):
        pass


def test_a_program_that_never_serves_is_given_up_and_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    text = f"import os, signal; open({str(pid_file)!r}, 'w').write(str(os.getpid())); signal.pause()"

    def clock() -> float:
        """The time is over once the program runs."""
        return 1000.0 if pid_file.is_file() and pid_file.read_text() else 0.0

    with (
        pytest.raises(DeviceError, match="did not start in 60 s"),
        emulated(HOST, script(tmp_path, text), clock=clock),
    ):
        pass
    assert not is_running(int(pid_file.read_text()))


def test_a_port_that_is_taken_meanwhile_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused, binding fails
        free = door.free_port()
        ports = iter([taken.getsockname()[1], free])
        monkeypatch.setattr(door, "free_port", lambda: next(ports))
        with emulated(HOST, script(tmp_path, ECHO)) as (_, transport):
            transport.send_lines(["hello"])
            assert transport.read_line(60) == "hello"
        with pytest.raises(StopIteration):
            next(ports)


def test_no_port_at_all_is_a_tool_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(tmp_path, "raise SystemExit('Address already in use')")
    with pytest.raises(ToolError, match="no free TCP port"), emulated(HOST, program):
        pass


def test_no_qemu_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "firmware.elf"
    program.write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="qemu-system-arm is not on PATH") as caught, emulated(QEMU, program):
        pass
    assert "apt install qemu-system-arm" in str(caught.value.hint)
    assert caught.value.exit_code == 3


def test_no_program_says_how_to_make_it(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match=r"firmware\.elf does not exist") as caught,
        emulated(QEMU, tmp_path / "firmware.elf"),
    ):
        pass
    assert caught.value.hint == "build it: tinykws build --board qemu-cortex-m4"


def test_a_board_without_a_quicker_road_has_none(tmp_path: Path) -> None:
    program = script(tmp_path, ECHO)
    with pytest.raises(ConfigError, match="no faster transport") as caught, emulated(HOST, program, fast=True):
        pass
    assert "--transport fast" in str(caught.value.hint)


def test_a_program_that_cannot_be_run_is_a_tool_error(tmp_path: Path) -> None:
    program = tmp_path / "firmware.elf"
    program.write_bytes(b"\x7fELF and nothing more")
    with pytest.raises(ToolError, match="cannot start"), emulated(HOST, program):
        pass


CRASHES = """
#include "kws_port.h"
int main(void) {
    uint8_t byte;
    kws_port_init();
    kws_port_serial_write((const uint8_t *)"up\\n", 3);
    while (kws_port_serial_read(&byte, 1) == 0) {
        kws_port_idle();
    }
    CRASH;
    return 5;
}
"""
ALONE = '#include "kws_user.h"\nvoid kws_user_watch(void) {}\n'
"""The port's timer watches over the user's functions, of which there are none here."""
GROW = "volatile char big[8000]; big[0] = deeper ? grow(deeper - 1) : 0; return big[0]"


@pytest.mark.usefixtures("qemu_cortex_m4")
@pytest.mark.parametrize(
    ("crash", "reason", "said"),
    [
        ("", "exit code 5", None),
        ("kws_port_exit(7)", "exit code 7", None),
        ("*(volatile int *)0x60000000 = 1", "exception 5 (BusFault), exit code 69", "number 0x00000005 at 0x"),
        ("__asm volatile(\"udf #0\")", "exception 6 (UsageFault), exit code 70", "exception number 0x00000006 at 0x"),
        ("volatile int zero = 0; zero = 7 / zero", "exception 6 (UsageFault), exit code 70", "number 0x00000006 at 0x"),
        ("__asm volatile(\"cpsid i\\n udf #0\")", "exception 3 (HardFault), exit code 67", "number 0x00000003"),
        ("return grow(100)", "exception 4 (MemManage), exit code 68", "exception number 0x00000004"),
    ],
)  # fmt: skip
def test_faults_on_the_emulated_cortex_m4_have_their_own_ends(
    tmp_path: Path, crash: str, reason: str, said: str | None
) -> None:
    crashes_as_told(QEMU, compile_for_mps2(tmp_path, CRASHES.replace("CRASH", crash)), reason, said)


STORE_FAULT = "exception 7 (store access fault), exit code 71"
LOAD_FAULT = "exception 5 (load access fault), exit code 69"


@pytest.mark.usefixtures("qemu_riscv32")
@pytest.mark.parametrize(
    ("crash", "reason", "said"),
    [
        ("", "exit code 5", None),
        ("kws_port_exit(7)", "exit code 7", None),
        ("kws_port_exit(0)", "exit code 0", None),
        ("*(volatile int *)0x90000000 = 1", STORE_FAULT, "number 0x00000007 at 0x"),
        ("(void)*(volatile int *)0x90000000", LOAD_FAULT, "number 0x00000005 at 0x"),
        ("*(volatile int *)0x80000000 = 1", STORE_FAULT, "number 0x00000007 at 0x"),
        ("__asm volatile(\".word 0\")", "exception 2 (illegal instruction), exit code 66", "number 0x00000002"),
        ("__builtin_trap()", "exception 3 (breakpoint), exit code 67", "number 0x00000003 at 0x800"),
        ("return grow(100)", STORE_FAULT, "exception number 0x00000007"),
    ],
)  # fmt: skip
def test_exceptions_on_the_emulated_riscv_have_their_own_ends(
    tmp_path: Path, crash: str, reason: str, said: str | None
) -> None:
    board = find_board("qemu-riscv32")
    crashes_as_told(board, compile_for_virt(tmp_path, CRASHES.replace("CRASH", crash)), reason, said)


def crashes_as_told(board: Board, program: Path, reason: str, said: str | None) -> None:
    with emulated(board, program) as (emulator, transport):
        transport.send_lines(["go"])
        assert emulator.exit_reason(wait_s=60) == reason
        assert said is None or said in last_words(transport)


def compile_for_mps2(folder: Path, main: str) -> Path:
    machine = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
    transport = ["--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles"]
    return compile_for_qemu(folder, main, "arm-none-eabi-gcc", [*machine, *transport], FIRMWARE / "ports" / "qemu_mps2")


def compile_for_virt(folder: Path, main: str) -> Path:
    machine = ["-march=rv32imc", "-mabi=ilp32", "-misa-spec=2.2", "--specs=picolibc.specs", "-nostartfiles"]
    return compile_for_qemu(folder, main, "riscv64-unknown-elf-gcc", machine, FIRMWARE / "ports" / "qemu_virt_rv32")


def compile_for_qemu(folder: Path, main: str, compiler: str, flags: list[str], port: Path) -> Path:
    """Compiles a main() with a machine's port as the generated project does."""
    source, program = folder / "main.c", folder / "firmware.elf"
    source.write_text(f"{ALONE}int grow(int deeper);\nint grow(int deeper) {{ {GROW}; }}\n{main}")
    (folder / "kws_settings.h").write_text("#define KWS_LED_PIN (-1)\n")
    text, shared = FIRMWARE / "lib" / "kws_serial", FIRMWARE / "ports" / "semihosting"
    (script,) = port.glob("*.ld")
    strict = ["-std=gnu99", "-O1", "-Wall", "-Wextra", "-Wno-infinite-recursion", "-Wno-div-by-zero"]
    sources = [*port.glob("*.c"), text / "kws_text.c", shared / "kws_fast_transport.c", source]
    includes = [f"-I{each}" for each in (port, shared, text, FIRMWARE / "src", FIRMWARE / "lib" / "kws_detect", folder)]
    command = [compiler, *flags, *strict, *includes, *sources, f"-T{script}", "-o", program]
    subprocess.run(list(map(str, command)), check=True)
    return program


def last_words(transport: LineTransport) -> str:
    words = ""
    try:
        while (line := transport.read_line(60)) is not None:
            words = line or words
    except DeviceError:
        pass
    return words
