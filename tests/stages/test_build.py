# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tinykws.boards.rows import find_board
from tinykws.firmware_build.elf_sizes import is_elf
from tinykws.model.bundle import Bundle
from tinykws.stages import build as build_stage
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.progress import Progress
from tinykws.support.run_command import Finished

HOST = find_board("host")
QEMU = find_board("qemu-cortex-m4")
NANO = find_board("nano33ble")


@pytest.fixture(autouse=True)
def core_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path_factory.mktemp("core")))


@pytest.mark.slow
def test_this_computers_program_is_built_once(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "höre zu"
    generate(tiny_model_bundle, HOST, None, folder)
    report = build(folder, HOST)
    built_at = report.program.stat().st_mtime_ns
    assert report.program == folder / ".pio" / "build" / "host" / "firmware.elf"
    assert (report.flash_limit_bytes, report.ram_limit_bytes) == (0, 0)
    generate(tiny_model_bundle, HOST, None, folder)
    again = build(folder, HOST)
    assert again.program.stat().st_mtime_ns == built_at
    assert again.footprint == report.footprint


def test_an_emulated_boards_program_is_built_and_measured(
    tiny_model_bundle: Bundle, tmp_path: Path, qemu_cortex_m4: None
) -> None:
    generate(tiny_model_bundle, QEMU, None, tmp_path)
    report = build(tmp_path, QEMU)
    assert is_elf(report.program)
    assert 10_000 < report.flash_bytes < 200_000
    assert 2_000 < report.ram_bytes < report.ram_limit_bytes == 4 << 20
    assert report.flash_limit_bytes == 4 << 20
    assert report.flash_bytes == sum(section.flash_bytes for section in report.footprint.sections)
    parts = {part.name: part for part in report.parts}
    assert sum(part.flash_bytes for part in report.parts) == report.flash_bytes
    assert sum(part.ram_bytes for part in report.parts) == report.ram_bytes
    assert 4_000 < parts["front-end"].flash_bytes < 10_000
    assert parts["kernels"].flash_bytes > 300
    assert parts["model, constants"].flash_bytes > 0
    assert parts["model, working memory"].ram_bytes > 0
    assert parts["stack"].ram_bytes == 16 << 10
    assert report.speed is None


def test_what_is_too_slow_is_refused_before_anything_is_compiled(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = dataclasses.replace(NANO, clock_hz=50_000)
    generate(tiny_model_bundle, board, "aot", tmp_path)
    monkeypatch.setattr(build_stage, "build_with_vendor", lambda *_: pytest.fail("compiled"))
    with pytest.raises(ConfigError, match="cannot keep up") as caught:
        build(tmp_path, board, bundle=tiny_model_bundle)
    assert "--force" in str(caught.value.hint)


def test_what_is_too_slow_is_built_on_request(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = dataclasses.replace(NANO, clock_hz=50_000)
    generate(tiny_model_bundle, board, "aot", tmp_path)

    def compiled(*_: object) -> None:
        raise ToolError("compiled")

    monkeypatch.setattr(build_stage, "build_with_vendor", compiled)
    with pytest.raises(ToolError, match="compiled"):
        build(tmp_path, board, bundle=tiny_model_bundle, force=True)


@pytest.mark.slow
def test_a_change_is_compiled(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, HOST, None, tmp_path)
    before = build(tmp_path, HOST).program.read_bytes()
    changed = dataclasses.replace(
        tiny_model_bundle, detector=dataclasses.replace(tiny_model_bundle.detector, threshold=123)
    )
    assert generate(changed, HOST, None, tmp_path).changes.written == ("include/kws_settings.h",)
    assert build(tmp_path, HOST).program.read_bytes() != before


@pytest.mark.slow
def test_two_projects_build_at_once_and_keep_apart(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        generate(tiny_model_bundle, HOST, None, folder)
    (folders[1] / "platform" / "boards" / "host.json").unlink()
    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(build, folder, HOST) for folder in folders)
        assert first.result().program.is_file()
        with pytest.raises(ToolError, match="has no board 'host'"):
            second.result()


@pytest.mark.slow
def test_a_program_too_big_is_an_error_that_counts_bytes(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, HOST, None, tmp_path)
    report = build(tmp_path, HOST)
    small = dataclasses.replace(HOST, flash_bytes=report.flash_bytes - 1234)
    with pytest.raises(ConfigError, match="of flash, 1,234 more than This computer has"):
        build(tmp_path, small)
    small = dataclasses.replace(HOST, ram_bytes=report.ram_bytes - 1)
    with pytest.raises(ConfigError, match="of RAM, 1 more than This computer has"):
        build(tmp_path, small)
    exact = dataclasses.replace(HOST, flash_bytes=report.flash_bytes, ram_bytes=report.ram_bytes)
    assert build(tmp_path, exact).flash_limit_bytes == report.flash_bytes


@pytest.mark.slow
def test_a_compilers_error_is_shown_and_the_project_stays(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, HOST, None, tmp_path)
    (tmp_path / "src" / "mine.c").write_text("int mine(void) { return nothing; }\n")
    with pytest.raises(ToolError, match=r"nothing\W undeclared") as caught:
        build(tmp_path, HOST)
    assert caught.value.exit_code == 3
    assert str(tmp_path) in (caught.value.hint or "")
    assert (tmp_path / "platformio.ini").is_file()


@pytest.mark.slow
def test_our_own_code_may_not_warn(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, HOST, None, tmp_path)
    (tmp_path / "src" / "mine.c").write_text("static int unused;\n")
    with pytest.raises(ToolError, match="unused-variable"):
        build(tmp_path, HOST)


@pytest.mark.parametrize(("board", "missing"), [(HOST, "^gcc not found"), (QEMU, "^arm-none-eabi-gcc not found")])
def test_a_missing_compiler_is_named_at_once(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, board: object, missing: str
) -> None:
    generate(tiny_model_bundle, board, None, tmp_path)  # type: ignore[arg-type]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=missing) as caught:
        build(tmp_path, board)  # type: ignore[arg-type]
    assert "sudo apt install" in (caught.value.hint or "")


def test_the_platform_alone_names_a_missing_compiler_too(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the project is opened in an editor, without tinykws."""
    generate(tiny_model_bundle, HOST, None, tmp_path)
    path = tmp_path / "platform" / "boards" / "host.json"
    values = json.loads(path.read_text())
    values["build"]["compiler"] = "no-such-gcc"
    path.write_text(json.dumps(values))
    with pytest.raises(ToolError, match="no-such-gcc not found on PATH; on Debian or Ubuntu: sudo apt install gcc"):
        build(tmp_path, HOST)


def test_without_a_project_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no PlatformIO project") as caught:
        build(tmp_path, HOST)
    assert "tinykws generate" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("engine", "packages"),
    [
        ("tflm", ["nordicnrf52@10.11.0", "spaziochirale/Chirale_TensorFLowLite@2.0.0"]),
        ("aot", ["nordicnrf52@10.11.0"]),
    ],
)
def test_a_vendors_board_goes_to_platformio_with_what_it_needs(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, packages: list[str]
) -> None:
    generate(tiny_model_bundle, NANO, engine, tmp_path)
    program = tmp_path / ".pio" / "build" / "nano33ble" / "firmware.elf"
    said: list[str] = []

    class Spoken(Progress):
        def say(self, text: str) -> None:
            said.append(text)

    def pretend(project: Path, env: str, needed: list[str], on_line: Callable[[str], None]) -> None:
        assert (project, env, needed) == (tmp_path, "nano33ble", packages)
        on_line("Platform Manager: Installing nordicnrf52 @ 10.11.0")
        on_line("Compiling .pio/build/nano33ble/src/kws_app.c.o")
        program.parent.mkdir(parents=True)
        program.write_bytes(b"no ELF: sizes cannot be told")

    monkeypatch.setattr(build_stage, "build_with_vendor", pretend)
    report = build(tmp_path, NANO, Spoken())
    assert report.program == program
    assert report.flash_limit_bytes == (589_824 if engine == "tflm" else 983_040)
    assert said == ["Platform Manager: Installing nordicnrf52 @ 10.11.0"]


def test_a_vendors_board_without_packages_and_network_is_not_built(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinykws.firmware_build import platformio

    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path / "core"))
    monkeypatch.setenv("PLATFORMIO_SETTING_ENABLE_TELEMETRY", "No")
    monkeypatch.setattr(platformio, "_registry_addresses", lambda: [("127.0.0.1", 1)])
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> Finished:
        commands.append(command)
        return Finished(0, "Resolving nano33ble dependencies...\nNo packages\n", "", 0.1)

    monkeypatch.setattr(platformio, "run_command", run)
    generate(tiny_model_bundle, NANO, None, tmp_path / "project")
    with pytest.raises(ToolError, match=r"nordicnrf52@10\.11\.0, spaziochirale.*no network\?") as caught:
        build(tmp_path / "project", NANO)
    assert commands == [platformio.list_arguments(tmp_path / "project", "nano33ble")]
    assert str(tmp_path / "project") in (caught.value.hint or "")


def test_no_program_is_an_error(tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(tiny_model_bundle, HOST, None, tmp_path)
    monkeypatch.setattr(build_stage, "build_offline", lambda *_, **__: None)
    with pytest.raises(ToolError, match="built no program"):
        build(tmp_path, HOST)
