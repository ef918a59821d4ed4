# SPDX-License-Identifier: Apache-2.0
"""doctor: each check against facts made up for it, the doors against this computer, and one real run."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinykws.boards.rows import OWN_PLATFORM, Board, SerialLine, TflmLibrary, load_boards
from tinykws.cli.main import run
from tinykws.device.transport.serial_ports import Port
from tinykws.doctor import computer, installed_packages
from tinykws.doctor.computer import Folder, Program, SerialDevice, SerialRights
from tinykws.doctor.disk_space import MEGABYTE, check_folder
from tinykws.doctor.finding import Finding
from tinykws.doctor.installed_packages import Package
from tinykws.doctor.known_bad_versions import check_dense_layers, check_model_optimization
from tinykws.doctor.packages import check_extension, check_fit, check_loads, check_packages, check_python, check_system
from tinykws.doctor.serial_access import check_modem_manager, check_ports, check_rights
from tinykws.doctor.speech_engines import check_engine
from tinykws.doctor.tools import check_compiler, check_emulator
from tinykws.doctor.vendor_platforms import check_git, check_vendor_board
from tinykws.firmware_build import platformio_packages
from tinykws.stages.doctor import DoctorReport, doctor, spec_files
from tinykws.support.errors import ToolError

TINYKWS = Package(
    "0.1.0",
    (
        "numpy>=1.26",
        "platformio<7,>=6.1.18",
        'tflite-micro==0.dev5; platform_system == "Nowhere"',
        'tensorflow<2.22,>=2.19; extra == "train"',
        'espeakng-loader>=0.2.4; extra == "synth"',
        'pytest>=8; extra == "dev"',
    ),
    ">=3.10,<3.14",
)
COMPLETE = {
    "tinykws": TINYKWS,
    "numpy": Package("2.4.6"),
    "platformio": Package("6.2.0"),
    "tensorflow": Package("2.21.0", ("numpy>=1.26.0", "protobuf<8,>=6.31.1", 'nvidia>=1; extra == "and-cuda"')),
    "protobuf": Package("7.36.2"),
    "espeakng-loader": Package("0.2.4"),
}


def board(name: str = "nano", **columns: object) -> Board:
    base = Board(name, f"Board {name}", "M4", "vendor@1.0.0", name, "main_arduino.cpp", "p", "aot", ("aot", "tflm"),
                 tflm=TflmLibrary(("a/tflm@1.0.0",)), serial=SerialLine(usb=("2341:805a",)))  # fmt: skip
    return dataclasses.replace(base, **columns)  # type: ignore[arg-type]


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_python() -> None:
    assert check_python("3.13.1", "Linux x86_64", ">=3.10,<3.14").state == "ok"
    for version in ("3.9.18", "3.14.0"):
        finding = check_python(version, "Linux x86_64", ">=3.10,<3.14")
        assert finding.state == "missing"
        assert version in finding.found
        assert ">=3.10,<3.14" in finding.found
        assert "venv" in finding.mend


def test_the_system() -> None:
    tested = check_system("Linux", "aarch64")
    assert (tested.state, tested.found) == ("ok", "Linux aarch64: tinykws is tested on it, without emulated boards")
    other = check_system("FreeBSD", "amd64")
    assert other.state == "warning"
    assert "tested on Linux x86_64, Linux aarch64, Darwin arm64, Windows AMD64 only" in other.found


def test_the_extension() -> None:
    assert check_extension(None).state == "ok"
    finding = check_extension("ImportError: no _kws")
    assert (finding.state, finding.found) == ("missing", "ImportError: no _kws")
    assert "pip install" in finding.mend


def test_packages_that_are_as_asked_for() -> None:
    findings = by_name(check_packages(COMPLETE))
    assert list(findings) == ["numpy", "platformio", "tflite-micro", "tensorflow", "espeakng-loader"]
    assert findings.pop("tflite-micro").state == "warning"
    assert {finding.state for finding in findings.values()} == {"ok"}
    assert findings["tensorflow"].found == "2.21.0"


def test_a_package_that_this_system_has_no_wheel_for() -> None:
    finding = by_name(check_packages(COMPLETE))["tflite-micro"]
    assert 'platform_system == "Nowhere"' in finding.found
    assert "what needs it cannot run" in finding.found


def test_a_package_of_every_install_is_missing_and_an_extras_is_a_warning() -> None:
    findings = by_name(check_packages({"tinykws": TINYKWS}))
    assert findings["numpy"] == Finding("packages", "numpy", "missing", "not installed", 'pip install "numpy>=1.26"')
    assert findings["tensorflow"].state == "warning"
    assert findings["tensorflow"].mend == 'pip install "tinykws[train]"'
    assert "train, quantize and evaluate need it" in findings["tensorflow"].found
    assert findings["espeakng-loader"].mend == 'pip install "tinykws[synth]"'


def test_a_version_out_of_range() -> None:
    old = COMPLETE | {"platformio": Package("6.1.11"), "tensorflow": Package("2.16.2")}
    findings = by_name(check_packages(old))
    assert findings["platformio"].state == "missing"
    found = "6.1.11, but tinykws needs <7,>=6.1.18 (6.1.11 cannot build without a network)"
    assert findings["platformio"].found == found
    assert findings["platformio"].mend == 'pip install "platformio<7,>=6.1.18"'
    assert findings["tensorflow"].state == "warning"


def test_a_pre_release_counts() -> None:
    exact = dataclasses.replace(TINYKWS, requires=("tflite-micro==0.dev5",))
    there = {"tinykws": exact, "tflite-micro": Package("0.dev5")}
    assert check_packages(there)[0].state == "ok"
    assert check_packages(there | {"tflite-micro": Package("0.dev6")})[0].state == "missing"


def test_packages_that_load() -> None:
    assert check_loads("tflite-micro", None).state == "ok"
    broken = check_loads("tflite-micro", "ImportError: numpy.core.multiarray failed to import")
    assert broken.state == "warning"
    assert broken.mend == "pip install --force-reinstall tflite-micro"


def test_versions_that_fit() -> None:
    assert check_fit(COMPLETE) == [Finding("packages", "versions fit", "ok", "of 6 packages")]


def test_versions_that_do_not_fit() -> None:
    (finding,) = check_fit(COMPLETE | {"protobuf": Package("5.29.0")})
    assert finding.name == "protobuf for tensorflow"
    assert finding.state == "warning"
    assert "5.29.0, but tensorflow 2.21.0 needs" in finding.found
    assert finding.mend == 'pip install "protobuf<8,>=6.31.1"'


def test_a_package_of_a_package_is_not_there() -> None:
    (finding,) = check_fit({name: package for name, package in COMPLETE.items() if name != "protobuf"})
    assert finding.found == "not installed, but tensorflow 2.21.0 needs it"


def test_packages_that_tinykws_does_not_reach_are_not_judged() -> None:
    stranger = Package("1.0", ("numpy<2",))
    assert [finding.state for finding in check_fit(COMPLETE | {"stranger": stranger})] == ["ok"]


def test_model_optimization_beside_keras_3() -> None:
    toolkit = {"tensorflow-model-optimization": Package("0.8.0")}
    finding = check_model_optimization(toolkit | {"keras": Package("3.15.1")})
    assert finding is not None
    assert finding.state == "warning"
    assert finding.mend == "pip uninstall tensorflow-model-optimization"
    assert check_model_optimization(toolkit | {"keras": Package("2.15.0")}) is None
    assert check_model_optimization({"keras": Package("3.15.1")}) is None


def test_dense_layers_that_a_frozen_library_computes_wrongly() -> None:
    finding = check_dense_layers(COMPLETE, [board()])
    assert finding is not None
    assert finding.state == "ok"
    assert "a/tflm@1.0.0 computes wrongly" in finding.found
    assert check_dense_layers(COMPLETE | {"tensorflow": Package("2.16.2")}, [board()]) is None
    assert check_dense_layers({}, [board()]) is None
    able = board(tflm=TflmLibrary(("a/tflm@1.0.0",), per_channel_fully_connected=True))
    assert check_dense_layers(COMPLETE, [able]) is None
    assert check_dense_layers(COMPLETE, [board(tflm=None, engines=("aot",))]) is None


GCC = Program("arm-none-eabi-gcc", Path("/usr/bin/arm-none-eabi-gcc"), "12.2.1")


def test_a_compiler() -> None:
    finding = check_compiler(GCC, {"nano.specs": True}, ["m4"])
    assert (finding.state, finding.found) == ("ok", "12.2.1, with nano.specs")


@pytest.mark.parametrize(
    ("program", "specs", "says"),
    [
        (Program("arm-none-eabi-gcc"), {"nano.specs": False}, "not on PATH; needed for m3, m4"),
        (dataclasses.replace(GCC, version=""), {}, "does not run"),
        (GCC, {"nano.specs": False, "nosys.specs": True}, "12.2.1, without the C library (nano.specs)"),
    ],
)
def test_a_compiler_that_is_no_good(program: Program, specs: dict[str, bool], says: str) -> None:
    finding = check_compiler(program, specs, ["m3", "m4"])
    assert finding.state == "missing"
    assert says in finding.found
    assert "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi" in finding.mend


def test_an_emulator() -> None:
    qemu = Program("qemu-system-arm", Path("/usr/bin/qemu-system-arm"), "7.2.22")
    good = check_emulator(qemu, {"mps2-an386": True})
    assert (good.state, good.found) == ("ok", "7.2.22, with mps2-an386")
    old = check_emulator(qemu, {"mps2-an386": True, "mps2-an500": False})
    assert (old.state, old.found) == ("missing", "7.2.22, without mps2-an500")
    none = check_emulator(Program("qemu-system-arm"), {"mps2-an386": False})
    assert none.state == "missing"
    assert "apt install qemu-system-arm" in none.mend


def test_a_vendors_board() -> None:
    ready = check_vendor_board(board(), [], False, needed=True)
    assert (ready.state, ready.mend) == ("ok", "")
    download = check_vendor_board(board(), ["vendor@1.0.0"], True, needed=True)
    assert (download.state, download.mend) == ("warning", "tinykws build --board nano")
    assert "the first build downloads vendor@1.0.0" in download.found
    cut_off = check_vendor_board(board(), ["vendor@1.0.0"], False, needed=True)
    assert cut_off.state == "missing"
    assert "registry cannot be reached" in cut_off.found
    assert check_vendor_board(board(), ["vendor@1.0.0"], False, needed=False).state == "warning"


def test_a_library_that_is_a_folder_is_not_downloaded() -> None:
    finding = check_vendor_board(board(), ["symlink:///opt/tflm"], True, needed=True)
    assert finding.state == "missing"
    assert finding.found == "lib_deps names a library that does not exist: /opt/tflm"


def test_git_is_wanted_only_for_repositories() -> None:
    git = Program("git", Path("/usr/bin/git"), "2.39.5")
    platform = "https://git.example/platform.git#c0387a2"
    there = check_git(git, ["vendor@1.0.0", platform], needed=True)
    assert there == Finding("PlatformIO", "git", "ok", "2.39.5")
    gone = check_git(Program("git"), ["vendor@1.0.0", platform], needed=True)
    assert gone is not None
    assert (gone.state, gone.found) == ("missing", f"not on PATH; PlatformIO fetches {platform} with it")
    assert gone.mend == "on Debian or Ubuntu: sudo apt install git"
    assert check_git(Program("git"), ["vendor@1.0.0"], needed=True) is None


def rights(*devices: SerialDevice, **columns: object) -> SerialRights:
    base = SerialRights(devices, "dialout", "ann", is_root=False, in_group=False, enrolled=False)
    return dataclasses.replace(base, **columns)  # type: ignore[arg-type]


BARRED = SerialDevice("/dev/ttyACM0", "dialout", usable=False)


@pytest.mark.parametrize(
    ("facts", "state", "found", "mend"),
    [
        (rights(), "warning", "ann is not in the group dialout", "sudo usermod -a -G dialout ann, then log in again"),
        (rights(BARRED), "missing", "/dev/ttyACM0: ann is not in the group", "sudo usermod -a -G dialout ann"),
        (rights(BARRED, enrolled=True), "missing", "only from the next login on", "newgrp dialout"),
        (rights(enrolled=True), "warning", "only from the next login on", "log out and in again"),
        (rights(BARRED, in_group=True, enrolled=True), "missing", "which may not use it", "ls -l"),
        (rights(group=""), "warning", "serial ports here is unknown", "ls -l"),
        (rights(in_group=True, enrolled=True), "ok", "ann is in the group dialout", ""),
        (rights(is_root=True), "ok", "ann is root", ""),
        (rights(dataclasses.replace(BARRED, usable=True)), "ok", "ann may use /dev/ttyACM0", ""),
    ],
)
def test_permissions(facts: SerialRights, state: str, found: str, mend: str) -> None:
    finding = check_rights(facts, needed=True)
    assert finding.state == state
    assert found in finding.found
    assert mend in finding.mend
    assert bool(mend) == bool(finding.mend)
    assert check_rights(facts, needed=False).state in ("ok", "warning")


def test_modem_manager() -> None:
    assert check_modem_manager(runs=False).state == "ok"
    finding = check_modem_manager(runs=True)
    assert finding.state == "warning"
    assert "ModemManager" in finding.mend


NANO = Port("/dev/ttyACM0", "2341:805a", description="Nano 33 BLE")
BRIDGE = Port("/dev/ttyUSB0", "1a86:7523", description="USB Serial")
UNKNOWN = Port("/dev/ttyACM1", "dead:beef", description="Printer")
BUILT_IN = Port("/dev/ttyS0")


def test_ports_and_what_is_on_them() -> None:
    esp = [board(name, serial=SerialLine(usb=("1a86:7523",))) for name in ("esp32", "m5")]
    findings = check_ports([NANO, BRIDGE, UNKNOWN, BUILT_IN], [board(), *esp], None)
    assert {finding.name: finding.found for finding in findings} == {
        "/dev/ttyACM0": "2341:805a, matches nano (Board nano)",
        "/dev/ttyUSB0": "1a86:7523, matches esp32 (Board esp32) or m5 (Board m5)",
        "/dev/ttyACM1": "dead:beef Printer, not a board of boards.yaml",
    }
    assert {finding.state for finding in findings} == {"ok"}


def test_no_port() -> None:
    assert check_ports([BUILT_IN], [board()], None) == [Finding("serial", "ports", "ok", "no board is connected")]


def test_the_board_asked_for_is_connected_or_not() -> None:
    assert [finding.state for finding in check_ports([NANO], [board()], board())] == ["ok"]
    findings = check_ports([UNKNOWN], [board()], board())
    assert [finding.state for finding in findings] == ["ok", "warning"]
    assert "no port has USB 2341:805a" in findings[-1].found


def test_a_folder_to_write_in() -> None:
    place = Folder(Path("/cache"), "", 500 * MEGABYTE)
    good = check_folder("builds", place, 50 * MEGABYTE, "elsewhere", needed=True)
    assert (good.state, good.found, good.mend) == ("ok", "/cache, 500 MB free", "")
    tight = check_folder("builds", place, 2000 * MEGABYTE, "elsewhere", needed=True)
    assert tight.state == "warning"
    assert "it may take 2,000 MB" in tight.found
    shut = Folder(Path("/cache"), "/: Read-only file system", 0)
    assert check_folder("builds", shut, 0, "elsewhere", needed=True).state == "missing"
    assert check_folder("builds", shut, 0, "elsewhere", needed=False).state == "warning"
    assert check_folder("builds", shut, 0, "elsewhere", needed=False).mend == "elsewhere"


# The doors: what they say of this computer, or of one made in a folder.


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("gcc (Debian 12.2.0-14) 12.2.0\n", "12.2.0"),
        ("arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205\n", "12.2.1"),
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\n", "7.2.22"),
        ("no version here", ""),
    ],
)
def test_versions_are_read(said: str, version: str) -> None:
    assert computer.version_in(said) == version


def test_programs_of_this_computer() -> None:
    gcc = computer.find("gcc")
    assert gcc.path is not None
    assert gcc.version
    assert computer.find("no-such-program") == Program("no-such-program")
    assert not computer.has_specs("gcc", "no-such.specs")
    assert not computer.has_specs("no-such-program", "nano.specs")
    assert computer.emulated_machines("no-such-program") == frozenset()


def test_programs_of_the_emulated_boards(qemu_cortex_m4: None) -> None:
    assert computer.has_specs("arm-none-eabi-gcc", "nano.specs")
    assert "mps2-an386" in computer.emulated_machines("qemu-system-arm")


def test_a_process_is_found_by_its_name(tmp_path: Path) -> None:
    for number, name in (("1", "init"), ("77", "ModemManager")):
        (tmp_path / number).mkdir()
        (tmp_path / number / "comm").write_text(f"{name}\n")
    (tmp_path / "78").mkdir()  # ended while we looked
    assert computer.runs("ModemManager", proc=tmp_path)
    assert not computer.runs("Modem", proc=tmp_path)


def test_folders_that_can_be_written_are_told_from_others(tmp_path: Path) -> None:
    assert computer.folder(tmp_path / "not" / "yet").error == ""
    assert computer.folder(tmp_path).free_bytes > 0
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert "is a file" in computer.folder(tmp_path / "file" / "below").error


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no groups for serial ports")
def test_rights_of_this_computer(tmp_path: Path) -> None:
    (tmp_path / "ttyACM0").write_text("")
    (tmp_path / "ttyUSB3").write_text("")
    (tmp_path / "tty1").write_text("")
    found = computer.serial_rights(dev=tmp_path)
    assert found is not None
    assert [device.path for device in found.devices] == [str(tmp_path / "ttyACM0"), str(tmp_path / "ttyUSB3")]
    assert all(device.usable for device in found.devices)
    assert found.group == (tmp_path / "ttyACM0").group()
    assert found.is_root == (os.geteuid() == 0)
    assert found.in_group
    assert found.enrolled


def test_packages_of_this_python() -> None:
    packages = installed_packages.installed_packages()
    assert "pytest" in packages
    assert any(line.startswith("numpy") for line in packages["tinykws"].requires)
    assert packages["tinykws"].requires_python
    assert installed_packages.extension_error() is None
    assert installed_packages.espeak_error() is None


def test_vendors_packages_by_platformios_own_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path))
    assert platformio_packages.user_core_dir() == tmp_path
    assert platformio_packages.missing_platform("nordicnrf52@10.11.0")
    install(tmp_path / "platforms" / "nordicnrf52", "platform", "nordicnrf52", "10.10.0")
    assert platformio_packages.missing_platform("nordicnrf52@10.11.0")
    install(tmp_path / "platforms" / "nordicnrf52", "platform", "nordicnrf52", "10.11.0")
    assert not platformio_packages.missing_platform("nordicnrf52@10.11.0")

    project, libraries = tmp_path / "project", ["spaziochirale/Chirale_TensorFLowLite@2.0.0", "a/b@1.0.0"]
    assert platformio_packages.missing_libraries(libraries, project, "nano") == tuple(libraries)
    install(project / ".pio" / "libdeps" / "nano" / "Chirale", "library", "Chirale_TensorFLowLite", "2.0.0")
    assert platformio_packages.missing_libraries(libraries, project, "nano") == ("a/b@1.0.0",)


def test_the_folder_we_stand_in_is_no_project_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLATFORMIO_CORE_DIR", raising=False)
    before = platformio_packages.user_core_dir()
    (tmp_path / "platformio.ini").write_text("[platformio]\ncore_dir = /elsewhere\n")
    monkeypatch.chdir(tmp_path)
    assert platformio_packages.user_core_dir() == before


def install(folder: Path, kind: str, name: str, version: str) -> None:
    """What PlatformIO leaves of an installed package, as far as finding it again goes."""
    folder.mkdir(parents=True, exist_ok=True)
    owner = {"platform": "platformio", "library": "spaziochirale"}[kind]
    (folder / f"{kind}.json").write_text(json.dumps({"name": name, "version": version}))
    spec = {"owner": owner, "id": 1, "name": name, "requirements": None, "uri": None}
    (folder / ".piopm").write_text(json.dumps({"type": kind, "name": name, "version": version, "spec": spec}))


# The whole.


def test_spec_files_come_from_the_platforms_own_boards() -> None:
    assert "nano.specs" in spec_files(load_boards()["qemu-cortex-m4"])
    assert spec_files(load_boards()["host"]) == ()
    assert spec_files(board(platform=OWN_PLATFORM, board="not_ours")) == ()


def test_speech_engines_are_optional() -> None:
    assert check_engine("flite", "2.2") == Finding("speech", "flite", "ok", "2.2")
    gone = check_engine("flite", ToolError("flite not found on PATH", hint="sudo apt install flite\nelsewhere: …"))
    assert gone.state == "warning"
    assert gone.found.startswith("flite not found on PATH")
    assert gone.mend == "sudo apt install flite"
    assert check_engine("other", ToolError("does not load")).mend


def test_only_what_is_missing_makes_it_not_ready() -> None:
    ok, warning = Finding("a", "b", "ok", ""), Finding("a", "b", "warning", "")
    assert DoctorReport(None, (ok, warning)).ready
    assert not DoctorReport(None, (ok, Finding("a", "b", "missing", ""))).ready


def test_a_board_limits_what_is_looked_at(tmp_path: Path) -> None:
    boards = load_boards()
    report = doctor(boards["host"], boards, tmp_path)
    assert report.board == "host"
    assert {finding.area for finding in report.findings} == {"Python", "packages", "speech", "tools", "disk"}
    assert [finding.name for finding in report.findings if finding.area == "tools"] == list(boards["host"].compilers)
    assert report.ready
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A proxy on this computer that takes connections: the registry seems to be within reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


@pytest.fixture
def no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")


def on_nano(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, Finding]:
    """Runs doctor for nano33ble with an empty core directory; returns the exit code and what it says of the board."""
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path))
    code = run(["doctor", "--board", "nano33ble", "--json", "--project", str(tmp_path)])
    findings = [Finding(**finding) for finding in json.loads(capsys.readouterr().out)["findings"]]
    return code, next(finding for finding in findings if finding.area == "PlatformIO")


def test_a_vendors_board_with_a_network(registry: None, tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    code, finding = on_nano(tmp_path, monkeypatch, capsys)
    assert (code, finding.state) == (0, "warning")
    assert "downloads nordicnrf52@10.11.0" in finding.found


def test_a_vendors_board_without_a_network(no_registry: None, tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    code, finding = on_nano(tmp_path, monkeypatch, capsys)
    assert (code, finding.state) == (1, "missing")
    assert finding.mend == "with a network: tinykws build --board nano33ble"


def test_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["doctor", "--board", "qemu-cortex-m4", "--project", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "missing  qemu-system-arm" in shown
    assert "try: on Debian or Ubuntu: sudo apt install qemu-system-arm" in shown
    assert shown.splitlines()[-1].startswith("not ready for qemu-cortex-m4: ")


def test_a_local_library_counts_where_it_is(tmp_path: Path, no_registry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path))
    install(tmp_path / "platforms" / "vendor", "platform", "vendor", "1.0.0")
    library = TflmLibrary((f"symlink://{tmp_path / 'tflm'}", "symlink://${PROJECT_DIR}/near"))
    row = board(engine="tflm", tflm=library)
    (tmp_path / row.id / "near").mkdir(parents=True)

    def of_platformio() -> Finding:
        return next(f for f in doctor(row, {row.id: row}, tmp_path).findings if f.area == "PlatformIO")

    assert of_platformio().found == f"lib_deps names a library that does not exist: {tmp_path / 'tflm'}"
    (tmp_path / "tflm").mkdir()
    assert of_platformio().state == "ok"


def test_a_board_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--board", "nano33bel", "--project", str(tmp_path)]) == 2
    assert "did you mean nano33ble or nano33ble_rev2?" in capsys.readouterr().err


def test_a_real_run_over_all_boards(
    tmp_path: Path, no_registry: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = threading.active_count()
    code = run(["doctor", "--boards", "--project", str(tmp_path)])
    shown = capsys.readouterr().out
    assert "\x1b[" not in shown
    vendors = [row.id for row in load_boards().values() if not row.has_own_platform]
    assert all(f" {name} " in shown for name in [*vendors, "C extension", "tflite-micro", "arm-none-eabi-gcc"])
    assert ("  missing  " in shown) == (code == 1)
    assert shown.splitlines()[-1].startswith("ready" if code == 0 else "not ready")
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []
