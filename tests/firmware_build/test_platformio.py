# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import socket
import sys
import threading
from pathlib import Path

import platformio as platformio_package
import pytest

from tinykws.boards.rows import find_board
from tinykws.firmware_build import platformio, platformio_core
from tinykws.support.errors import ToolError
from tinykws.support.programs import find_programs
from tinykws.support.run_command import Finished, run_command

PIO = [sys.executable, "-m", "platformio", "--no-ansi"]
PROJECT = Path("some where") / "nano33ble"


def test_command_lines() -> None:
    assert platformio.run_arguments(PROJECT, "nano33ble") == [*PIO, "run", "-d", str(PROJECT), "-e", "nano33ble"]
    assert platformio.upload_arguments(PROJECT, "esp32", "COM5") == [
        *[*PIO, "run", "-d", str(PROJECT), "-e", "esp32", "-t", "upload", "--upload-port", "COM5"]
    ]
    assert platformio.list_arguments(PROJECT, "esp32") == [*PIO, "pkg", "list", "-d", str(PROJECT), "-e", "esp32"]


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("nordicnrf52@10.11.0", "nordicnrf52"),
        ("spaziochirale/Chirale_TensorFLowLite@2.0.0", "Chirale_TensorFLowLite"),
        ("https://git.example/tensorflow/tflite-micro-arduino-examples.git#24d7f6c", "tflite-micro-arduino-examples"),
    ],
)
def test_package_names(package: str, name: str) -> None:
    assert platformio.package_name(package) == name


@pytest.mark.parametrize(
    ("stdout", "stderr", "message"),
    [
        (
            "Platform Manager: Installing nordicnrf52 @ 10.11.0\n",
            "HTTPClientError: \n",
            "PlatformIO could not download nordicnrf52 @ 10.11.0: no network?",
        ),
        ("", "HTTPClientError: \n", "PlatformIO could not download its packages: no network?"),
        (
            "Library Manager: Installing a/b @ 1.0.0\n",
            "UnknownPackageError: Could not find the package with 'a/b @ 1.0.0' requirements for your system 'linux'\n",
            "PlatformIO's registry has no a/b @ 1.0.0 for this system",
        ),
        (
            "",
            "Error: no arm-none-eabi-gcc on PATH; on Debian or Ubuntu: sudo apt install gcc-arm-none-eabi\n",
            "arm-none-eabi-gcc not found on PATH; on Debian or Ubuntu: sudo apt install gcc-arm-none-eabi",
        ),
        ("", "Error: Unknown board ID 'nano34ble'\n", "the platform has no board 'nano34ble': wrong `board` or"),
        (
            "",
            "ld: region `FLASH' overflowed by 1234 bytes\ncollect2: error: ld returned 1 exit status\n",
            "the program is too big for the board: 1,234 bytes of flash too much",
        ),
        (
            "",
            "ld: x.elf section `.text' will not fit in region `FLASH'\nld: region `FLASH' overflowed by 77 bytes\n",
            "the program is too big for the board: 77 bytes of flash too much",
        ),
        ("", "cc1: fatal error: x.o: No space left on device\n", "no space left on the disk"),
    ],
)
def test_messages_are_translated(stdout: str, stderr: str, message: str) -> None:
    error = platformio.explain(stdout, stderr, PROJECT)
    assert error.message.startswith(message)
    assert error.exit_code == 3
    assert str(PROJECT) in (error.hint or "")


def test_a_compilers_error_is_shown_from_its_beginning() -> None:
    noise = "".join(f"src/a.c:{n}: warning: unused\n" for n in range(100))
    error = "src/kws_app.c: In function 'main':\nsrc/kws_app.c:3:5: error: 'x' undeclared\n    3 | x = 1;\n      | ^\n"
    message = platformio.explain("Compiling a\n", noise + error, PROJECT).message
    assert "'x' undeclared" in message
    assert "3 | x = 1;" in message
    assert "unused" not in message


def test_what_fits_no_pattern_is_shown_from_its_end() -> None:
    message = platformio.explain("", "".join(f"line {n}\n" for n in range(200)), PROJECT).message
    assert "line 199" in message
    assert "line 100" not in message


def test_listed_packages_are_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = (
        "Platform nordicnrf52 @ 10.11.0 (required: nordicnrf52 @ 10.11.0)\n├── tool-x @ 1\nLibraries\nNo packages\n"
    )
    commands = []

    def run(command: list[str], *, timeout_s: float) -> Finished:
        commands.append(command)
        assert timeout_s <= 60
        return Finished(0, listing, "", 0.1)

    monkeypatch.setattr(platformio, "run_command", run)
    packages = ["nordicnrf52@10.11.0", "spaziochirale/Chirale_TensorFLowLite@2.0.0"]
    assert platformio.missing_packages(PROJECT, "nano33ble", packages) == packages[1:]
    assert commands == [platformio.list_arguments(PROJECT, "nano33ble")]


@pytest.mark.parametrize("package", ["https://x.example/platform-y.zip", "https://x.example/lib.git#24d7f6c"])
def test_a_package_named_by_its_address_is_found_by_it(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    address = package.partition("#")[0]
    listing = f"Platform y @ 3.1.0 (required: git+{address} @ 24d7f6c)\n"
    monkeypatch.setattr(platformio, "run_command", lambda *_, **__: Finished(0, listing, "", 0.1))
    assert platformio.missing_packages(PROJECT, "x", [package]) == []
    assert platformio.missing_packages(PROJECT, "x", ["https://other.example/z.zip"]) != []


def vendor_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "core"))
    monkeypatch.setenv("PLATFORMIO_SETTING_ENABLE_TELEMETRY", "No")
    project = tmp_path / "project"
    project.mkdir()
    (project / "platformio.ini").write_text("[env:x]\nplatform = nordicnrf52@10.11.0\nboard = nano33ble\n")
    return project


def test_without_a_network_it_says_so_and_does_not_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PlatformIO itself would ask the network for a quarter of an hour."""
    project = vendor_project(tmp_path, monkeypatch)
    commands: list[list[str]] = []

    def run(command: list[str], *, timeout_s: float) -> Finished:
        commands.append(command)
        return run_command(command, timeout_s=600)

    monkeypatch.setattr(platformio, "run_command", run)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(platformio, "_registry_addresses", lambda: [closed.getsockname()])
        with pytest.raises(ToolError, match=r"must download nordicnrf52@10\.11\.0.*no network\?") as caught:
            platformio.build_with_vendor(project, "x", ["nordicnrf52@10.11.0"])
    assert commands == [platformio.list_arguments(project, "x")]
    assert str(project) in (caught.value.hint or "")


def test_with_a_network_the_build_is_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = vendor_project(tmp_path, monkeypatch)
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> Finished:
        commands.append(command)
        return Finished(0, "Resolving x dependencies...\nNo packages\n", "", 0.1)

    monkeypatch.setattr(platformio, "run_command", run)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(platformio, "_registry_addresses", lambda: [server.getsockname()])
        platformio.build_with_vendor(project, "x", ["nordicnrf52@10.11.0"])
    assert commands == [platformio.list_arguments(project, "x"), platformio.run_arguments(project, "x")]


def test_a_registry_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(platformio, "_connect", lambda *_: over.wait())
    monkeypatch.setattr(platformio, "_registry_addresses", lambda: [("127.0.0.1", 1)])
    before = set(threading.enumerate())
    assert not platformio.registry_answers(timeout_s=0.01)
    (attempt,) = set(threading.enumerate()) - before
    assert attempt.is_alive(), "it was not waited for"
    over.set()
    attempt.join()


def test_the_registry_is_platformios_own_or_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    hosts = [host for host, _ in platformio._registry_addresses()]
    assert hosts == platformio_package.__registry_mirror_hosts__
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert platformio._registry_addresses() == [("proxy.example", 3128)]


def test_cache_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    assert platformio_core.cache_dir({"TINYKWS_CORE_DIR": "/x"}) == Path("/x")
    monkeypatch.setattr(sys, "platform", "linux")
    assert platformio_core.cache_dir({"XDG_CACHE_HOME": "/c"}) == Path("/c/tinykws/platformio")
    assert platformio_core.cache_dir({}) == Path.home() / ".cache" / "tinykws" / "platformio"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert platformio_core.cache_dir({}) == Path.home() / "Library" / "Caches" / "tinykws" / "platformio"
    monkeypatch.setattr(sys, "platform", "win32")
    assert platformio_core.cache_dir({"LOCALAPPDATA": "C"}) == Path("C") / "tinykws" / "platformio"


def test_each_project_has_a_core_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert platformio_core.core_dir_of(Path("a")) == platformio_core.core_dir_of(tmp_path / "a")
    assert platformio_core.core_dir_of(Path("a")) != platformio_core.core_dir_of(Path("b"))


def test_the_core_has_pips_scons_and_nothing_to_look_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path))
    with platformio_core.offline_core(tmp_path / "project") as variables:
        core = Path(variables["PLATFORMIO_CORE_DIR"])
        package = json.loads((core / "packages/tool-scons/package.json").read_text())
        marker = json.loads((core / "packages/tool-scons/.piopm").read_text())
    assert package["name"] == "tool-scons"
    assert marker["version"] == package["version"]
    assert marker["spec"]["owner"] == "platformio"
    assert marker["spec"]["uri"].startswith("file://")
    assert json.loads((core / "appstate.json").read_text())["last_version"] == platformio_package.__version__


def test_a_users_settings_of_platformio_do_not_leak_in(tmp_path: Path) -> None:
    environ = {"PLATFORMIO_BUILD_FLAGS": "-DX", "PLATFORMIO_CORE_DIR": "/theirs", "PATH": os.environ["PATH"]}
    variables = platformio_core.environment(tmp_path, environ)
    assert "PLATFORMIO_BUILD_FLAGS" not in variables
    assert variables["PLATFORMIO_CORE_DIR"] == str(tmp_path)
    assert variables["PATH"] == os.environ["PATH"]


def test_version_ranges() -> None:
    assert platformio_core.lowest_version("~4.41101.0") == "4.41101.0"
    with pytest.raises(ToolError):
        platformio_core.lowest_version("latest")


def test_a_second_build_of_a_project_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path))
    monkeypatch.setattr(platformio_core, "LOCK_SECONDS", 0.3)
    with (
        platformio_core.offline_core(tmp_path / "project"),
        pytest.raises(ToolError, match=r"another build of .*project is still running"),
        platformio_core.offline_core(tmp_path / "project"),
    ):
        pytest.fail("two builds at once")
    with platformio_core.offline_core(tmp_path / "project"), platformio_core.offline_core(tmp_path / "other"):
        pass


def test_a_cache_that_cannot_be_written_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path / "file"))
    with pytest.raises(ToolError, match="cannot write in") as caught, platformio_core.offline_core(tmp_path):
        pytest.fail("wrote into a file")
    assert "TINYKWS_CORE_DIR" in (caught.value.hint or "")


def test_programs_are_found_or_named_with_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "gcc"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_programs(["gcc"]) == [tool]
    with pytest.raises(ToolError, match="arm-none-eabi-gcc and arm-none-eabi-g") as caught:
        find_programs(["gcc", "arm-none-eabi-gcc", "arm-none-eabi-g++"])
    assert caught.value.exit_code == 3
    assert "sudo apt install gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib\n" in (
        caught.value.hint or ""
    )


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("Set binary mode\nNo device found on ttyACM0\n*** [upload] Error 1\n", "its boot loader did not start"),
        ("Error: Couldn't find a board on the selected port.\n", "its boot loader did not start"),
        (
            "A fatal error occurred: Failed to connect to ESP32: Wrong boot mode detected (0x13)!\n",
            "the upload failed: Failed to connect to ESP32: Wrong boot mode detected (0x13)!",
        ),
        (
            "A fatal error occurred: This chip is ESP32-S3, not ESP32. Wrong --chip argument?\n",
            "on /dev/ttyX is an ESP32-S3, the program is for an ESP32",
        ),
        (
            "serial.serialutil.SerialException: device reports readiness to read but returned no data (device "
            "disconnected or multiple access on port?)\n",
            "/dev/ttyX disappeared during the upload",
        ),
        ("OSError: [Errno 5] Input/output error\n", "/dev/ttyX disappeared during the upload"),
        ("could not open port '/dev/ttyX': [Errno 2] No such file or directory\n", "no longer exists"),
        ("could not open port '/dev/ttyX': [Errno 13] Permission denied\n", "/dev/ttyX cannot be opened"),
        ("could not open port 'COM5': PermissionError(13, 'Access is denied.')\n", "/dev/ttyX cannot be opened"),
        ("Could not exclusively lock port /dev/ttyX: [Errno 11]\n", "/dev/ttyX is busy"),
        ("[Errno 16] Device or resource busy: '/dev/ttyX'\n", "/dev/ttyX is busy"),
        ("Tool Manager: Installing tool-x @ 1\nHTTPClientError: \n", "could not download tool-x @ 1: no network?"),
        ("strange words\n*** [upload] Error 1\n==== [FAILED] ====\n", "the upload to /dev/ttyX failed:\nstrange words"),
    ],
)
def test_uploads_that_fail_are_explained_with_the_boards_advice(output: str, says: str) -> None:
    for stdout, stderr in ((output, ""), ("", output)):
        error = platformio.explain_upload(stdout, stderr, find_board("nano33ble"), "/dev/ttyX")
        assert says in error.message
        assert "double-tap" in (error.hint or "")
        assert "carries data" in (error.hint or "")
        assert error.exit_code == 3
    assert not platformio.explain_upload(output, "", find_board("nano33ble"), "p").message.endswith("====")


def test_an_upload_runs_in_the_users_own_platformio(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[tuple[list[str], str | None]] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> Finished:
        runs.append((command, env.get("PLATFORMIO_CORE_DIR")))
        return Finished(len(runs) - 1, "No device found on ttyACM0", "", 0.1)

    monkeypatch.setattr(platformio, "run_command", run)
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", "/theirs")
    nano = find_board("nano33ble")
    assert platformio.upload(PROJECT, nano, "/dev/ttyACM0").exit_code == 0
    assert runs == [(platformio.upload_arguments(PROJECT, "nano33ble", "/dev/ttyACM0"), "/theirs")]
    with pytest.raises(ToolError, match="Arduino Nano 33 BLE Sense did not accept the upload on /dev/ttyACM0"):
        platformio.upload(PROJECT, nano, "/dev/ttyACM0")


def test_an_upload_with_a_platform_of_our_own_is_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user's own row may have one: a platform that travels with the project, and a cable."""
    cores: list[str] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> Finished:
        cores.append(env["PLATFORMIO_CORE_DIR"])
        return Finished(0, "", "", 0.1)

    monkeypatch.setattr(platformio, "run_command", run)
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path))
    platformio.upload(tmp_path / "project", find_board("host"), "/dev/ttyX")
    assert cores == [str(platformio_core.core_dir_of(tmp_path / "project"))]
