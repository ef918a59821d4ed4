# SPDX-License-Identifier: Apache-2.0
"""The command line: what a person can get wrong gives one readable error, the right exit code, nothing half-made."""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from tiny_model import tiny_bundle

from tinykws.audio.files import write_wav
from tinykws.cli.boards_and_ports import ask_which
from tinykws.cli.command_list import COMMANDS, SECTIONS
from tinykws.cli.main import run, tinykws
from tinykws.cli.options import FiniteRange
from tinykws.device.transport.serial_ports import Port


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a bundle that was imported, so that nothing needs training."""
    tiny_bundle(tmp_path / "p" / "build" / "bundle")
    return tmp_path / "p"


def fails(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    """Runs a command that must end with this code and one message; returns the message."""
    assert run([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert captured.out == ""
    return captured.err


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Example:\n    tinykws {name}" in shown or f"Examples:\n    tinykws {name}" in shown or name == "completion"
    assert "-q, --quiet" in shown
    assert "-v, --verbose" in shown


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    command = tinykws.get_command(click.Context(tinykws), name)
    assert command is not None
    assert command.help is not None
    assert command.help.splitlines()[0] == COMMANDS[name].help
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, f"{name} {parameter.name} has no help"


def test_the_help_imports_no_command() -> None:
    code = (
        "import sys; from tinykws.cli.main import run; run(['--help']);"
        "print([name for name in sys.modules if name.endswith(('_command', '_commands')) or name in"
        " ('numpy', 'yaml', 'serial', 'logging', 'tinykws.api') or name.startswith('tinykws.stages')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    message = fails(capsys, 2, "bild")
    assert message == "tinykws: No such command 'bild'\n  did you mean build?\n  try: tinykws --help\n"
    assert fails(capsys, 2, "xyz") == "tinykws: No such command 'xyz'\n  try: tinykws --help\n"


def test_an_unknown_option_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    message = fails(capsys, 2, "build", "--borad", "host")
    assert message == "tinykws: No such option '--borad'\n  did you mean --board?\n  try: tinykws build --help\n"


def test_the_help_lists_commands_by_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip(":") for line in lines if line.endswith(":") and not line.startswith(" ")][1:] == [*SECTIONS]
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line[2:3].isalpha()]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "a word is empty"),
        ("yes,,no", "a word is empty"),
        ("yes,yes", "is given twice"),
        ("../x", "looks like a path"),
        ("a/b", "looks like a path"),
        ("_silence_", "a label tinykws makes itself"),
        ("yes,unknown", "a label tinykws makes itself"),
        ("да,да", "word 'да' is given twice"),
        ("...", "no letter"),
    ],
)
def test_bad_words(words: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = fails(capsys, 2, "init", tmp_path / "p", "--words", words)
    assert says in message
    assert "kws.yaml" not in message
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_architecture_is_told_before_anything_is_spoken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean ds_tcn?" in fails(capsys, 2, "init", tmp_path / "p", "--words", "a", "--architecture", "tcn")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kws.yaml").write_text("words: [yes]\nmodel: {architecture: mirco_speech}\n")
    assert "did you mean micro_speech?" in fails(capsys, 2, "build", "--board", "host", "--project", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kws.yaml"]


def test_no_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--words" in fails(capsys, 2, "init", tmp_path)


def test_no_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "tinykws init" in fails(capsys, 2, "build", "--board", "host", "--project", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kws.yaml").write_text("words: [yes]\ntrainnig: {epochs: 3}\n")
    assert "did you mean training?" in fails(capsys, 2, "train", "--project", tmp_path)


def test_no_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kws.yaml").write_text("words: [yes]\nsynth: {enabled: never}\n")
    assert "tinykws synth" in fails(capsys, 2, "prepare", "--project", tmp_path)
    assert not (tmp_path / "build" / "dataset").exists()


def test_a_word_that_cannot_be_spoken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kws.yaml").write_text("words: [yes, 'x\u2603y\u2603']\nlanguage: xx\n")
    assert "xx" in fails(capsys, 2, "synth", "--project", tmp_path)
    assert not (tmp_path / "build" / "synth").exists()


def test_a_board_with_a_typo(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = fails(capsys, 2, "build", "--board", "nano33bel", "--project", project)
    assert "did you mean nano33ble or nano33ble_rev2?" in shown


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda bundle: (bundle / "bundle.json").write_text("{"), "cannot be read"),
        (lambda bundle: (bundle / "bundle.json").write_text('{"format_version": 4}'), "format version 4"),
        (lambda bundle: (bundle / "bundle.json").unlink(), "there is no bundle"),
        (lambda bundle: (bundle / "model.tflite").write_bytes(b"other"), "SHA-256 differs"),
        (lambda bundle: (bundle / "model.tflite").unlink(), "cannot read"),
    ],
)
def test_a_damaged_bundle(project: Path, capsys: pytest.CaptureFixture[str], damage, says: str) -> None:  # type: ignore[no-untyped-def]
    bundle = project / "build" / "bundle"
    damage(bundle)
    assert says in fails(capsys, 2, "build", "--board", "host", "--project", project, "--bundle", bundle)
    assert not (project / "build" / "firmware").exists()


@pytest.mark.parametrize("data", [b"", b"random bytes that are no model", bytes(range(256)) * 40])
def test_a_file_that_is_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    (tmp_path / "m.tflite").write_bytes(data)
    labels = "silence,unknown,yes,no"
    message = fails(capsys, 2, "quantize", "--from", tmp_path / "m.tflite", "--labels", labels, "--project", tmp_path)
    assert "m.tflite" in message
    assert not (tmp_path / "build").exists()


def test_a_truncated_model(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = (project / "build" / "bundle" / "model.tflite").read_bytes()
    (tmp_path / "m.tflite").write_bytes(model[: len(model) // 2])
    out = tmp_path / "q"
    out.mkdir()
    assert "m.tflite" in fails(
        capsys, 2, "quantize", "--from", tmp_path / "m.tflite", "--labels", "silence,unknown,yes,no", "--project", out
    )
    assert list(out.iterdir()) == []


def test_a_model_of_other_features(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = project / "build" / "bundle" / "model.tflite", tmp_path / "q"
    labels = "silence,unknown,yes"
    out.mkdir()
    assert "49 frames x 40" in fails(capsys, 2, "quantize", "--from", model, "--labels", labels, "--project", out)
    assert "--labels" in fails(capsys, 2, "quantize", "--from", model, "--project", out)
    assert list(out.iterdir()) == []


def test_no_compiler(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    message = fails(capsys, 3, "build", "--board", "qemu-cortex-m4", "--project", project)
    assert "arm-none-eabi-gcc" in message
    assert "apt" in message


def test_no_emulator(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    assert "qemu-system-arm" in fails(capsys, 3, "verify", "--board", "qemu-cortex-m4", "--project", project)
    assert not (project / "build" / "firmware").exists()


def test_no_write_permission(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(project / "build" / "bundle", project / "bundle")
    shutil.rmtree(project / "build")
    (project / "build").write_text("a file where a folder should be; it stops root as well")
    message = fails(
        capsys, 2, "generate", "--board", "host", "--project", project, "--bundle", project / "bundle"
    )  # fmt: skip
    assert "cannot write" in message
    assert (project / "build").read_text().startswith("a file")


@pytest.mark.parametrize("command", ["verify", "flash"])
def test_no_board_on_any_port(
    command: str, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinykws.device.transport.serial_ports.list_ports", lambda: ())
    message = fails(capsys, 4, command, "--board", "nano33ble", "--project", project)
    assert "no port matches Arduino Nano 33 BLE Sense" in message
    assert "--port" in message
    assert not (project / "build" / "firmware").exists(), "the board is looked for before anything is built"


def test_an_emulated_board_cannot_be_flashed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "'host' is not a physical board" in fails(capsys, 2, "flash", "--board", "host", "--project", project)


@pytest.mark.parametrize("command", ["verify", "flash"])
def test_several_boards_and_nobody_to_ask(
    command: str, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = [Port(f"/dev/ttyACM{n}", "2341:805a", f"{n}", description="Nano 33 BLE") for n in (0, 1)]
    monkeypatch.setattr("tinykws.device.transport.serial_ports.list_ports", lambda: ports)
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n"))
    message = fails(capsys, 2, command, "--board", "nano33ble", "--project", project)
    assert "2 ports may be the board" in message
    assert "--port /dev/ttyACM1 2341:805a Nano 33 BLE" in message


def test_of_several_boards_a_person_is_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    ports = [Port("/dev/ttyACM0"), Port("/dev/ttyACM1")]
    monkeypatch.setattr("sys.stdin", Terminal("7\n2\n"))
    assert ask_which(ports) == ports[1]
    assert "  2  /dev/ttyACM1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "flash"])
def test_a_port_with_another_board_on_it(
    command: str, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tinykws.device.transport.serial_ports.list_ports", lambda: [Port("/dev/ttyACM0", "2341:805a", "77")]
    )
    message = fails(capsys, 4, command, "--board", "esp32", "--project", project, "--port", "/dev/ttyACM0")
    assert "Arduino Nano 33 BLE Sense (USB 2341:805a) is on /dev/ttyACM0, not ESP32" in message


def test_generate_without_compiling(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--board", "nano33ble", "--no-compile", "--project", str(project)]) == 0
    folder = project / "build" / "firmware" / "nano33ble"
    assert capsys.readouterr().out.startswith(f"project: {folder}\n\nhow good the detector is: ")
    assert (folder / "platformio.ini").is_file()


def test_detect_lists_what_is_heard_as_json(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(32000, np.int16))
    assert run(["detect", str(tmp_path / "a.wav"), "--project", str(project), "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_streams_and_clips_do_not_mix(project: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_wav(tmp_path / "walk.wav", np.zeros(32000, np.int16))
    verify = ["verify", "--board", "host", "--project", project]
    message = fails(capsys, 2, *verify, "--stream", tmp_path / "walk.wav", "--sample", 3)
    assert "No such option '--sample'" in message
    assert "try: tinykws verify-stream --help" in message
    assert "did you mean verify-stream --seconds?" in fails(capsys, 2, *verify, "--seconds", 3)
    (tmp_path / "walk.csv").write_text("1,2,ouch\n")
    message = fails(capsys, 2, *verify, "--stream", tmp_path / "walk.wav", "--events", tmp_path / "walk.csv")
    assert "has none of the words yes" in message


@pytest.mark.slow
def test_build_and_verify_on_the_host(project: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "yes").mkdir()
    write_wav(tmp_path / "yes" / "a.wav", np.random.default_rng(1).integers(-3000, 3000, 16000).astype(np.int16))
    report = tmp_path / "report.json"
    arguments = ["verify", "--board", "host", "--project", str(project), "--json", str(report)]
    assert run([*arguments, str(tmp_path / "yes")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "PASS"
    assert json.loads(report.read_text())["equal_clips"] == 1


@pytest.mark.slow
def test_a_stream_through_the_host_and_its_log_judged_again(
    project: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).normal(0, 4000, 3 * 16000).clip(-32768, 32767)
    write_wav(tmp_path / "walk.wav", noise.astype(np.int16))
    (tmp_path / "walk.csv").write_text("start_ms,end_ms,label\n500,900,yes\n")
    stream = ["--stream", str(tmp_path / "walk.wav"), "--events", str(tmp_path / "walk.csv")]
    assert run(["verify", "--board", "host", "--project", str(project), *stream]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == "PASS"
    log = str(project / "build" / "firmware" / "host" / "verify.jsonl")
    assert run(["verify", "--replay", log]) == 0
    assert capsys.readouterr().out == shown
    assert "--min-accuracy is for clips" in fails(capsys, 2, "replay", log, "--min-accuracy", 0.5)


def test_build_says_bytes_by_part_and_speed(
    project: Path, capsys: pytest.CaptureFixture[str], qemu_cortex_m4: None
) -> None:
    arguments = ["build", "--board", "qemu-cortex-m4", "--project", str(project)]
    assert run(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split("  ")[0] for line in lines]
    for name in ("front-end", "kernels", "detector and listener", "all", "share", "an inference"):
        assert name in names
    assert any(line.startswith("instructions: estimated from the model's ops") for line in lines)
    assert run([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert sum(part["flash_bytes"] for part in report["parts"]) == report["flash_bytes"]
    assert 0 < report["speed"]["times"]["share_of_clock"] < 1


def test_build_counts_instructions_on_request(
    project: Path, capsys: pytest.CaptureFixture[str], qemu_cortex_m4: None
) -> None:
    arguments = ["build", "--board", "qemu-cortex-m4", "--project", str(project), "--json"]
    assert run(arguments) == 0
    estimated = json.loads(capsys.readouterr().out)["speed"]
    assert run([*arguments, "--count"]) == 0
    counted = json.loads(capsys.readouterr().out)["speed"]
    assert counted["how"].startswith("counted in emulation")
    # A model of a few hundred instructions: the calls around it weigh, and the clock ticks every 31.
    assert counted["instructions_per_inference"] == pytest.approx(estimated["instructions_per_inference"], rel=0.5)
    # With the serial line's interrupts, and the silence that a frame of it is.
    assert counted["instructions_per_frame"] == pytest.approx(estimated["instructions_per_frame"], rel=0.15)


def test_what_the_interpreter_executes_is_not_counted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = fails(capsys, 2, "build", "--board", "nano33ble", "--count", "--project", project)
    assert "--engine aot" in message


def test_a_forgotten_file_name_is_wrong_use(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = fails(capsys, 2, "verify", "--board", "host", "--json", "--project", project)
    assert "--json wants a file name" in message


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tinykws.boards.rows.load_boards", broken)
    with pytest.raises(ZeroDivisionError):
        run(["boards"])


def test_the_module_is_the_command() -> None:
    result = subprocess.run([sys.executable, "-m", "tinykws", "--version"], capture_output=True, text=True, check=True)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("tinykws, version ")
    assert lines[1].startswith(f"Python {platform.python_version()} on ")
    assert [line.split()[0] for line in lines[2:]] == ["numpy", "tflite-micro", "platformio", "tensorflow"]
    assert f"numpy {np.__version__}" in lines


def test_a_ctrl_c_while_a_package_is_loaded_has_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "serial.py").write_text("exec('raise KeyboardInterrupt')")
    done = subprocess.run(
        [sys.executable, "-m", "tinykws", "doctor"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "tinykws: interrupted" in done.stderr) == (130, True)


@pytest.mark.parametrize("number", ["nan", "NaN", "inf", "-inf", "1e999"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--board", "host", "--min-accuracy"), ("replay", "cli.yaml", "--min-accuracy"),
        ("evaluate", "--min-accuracy"), ("tune", "--false-accepts-per-hour"), ("mine", "x.wav", "--min-probability"),
        ("mic-check", "--seconds"), ("record", "--seconds"), ("monitor", "--on-every"),
        ("monitor", "--on-timeout"), ("monitor", "--seconds"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_number_that_is_none_is_wrong_use(
    arguments: tuple[str, ...], number: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name in ("cli.yaml", "x.wav"):
        (tmp_path / name).touch()
    assert run([*arguments[:-1], f"{arguments[-1]}={number}"]) == 2
    assert f"{number} is not a finite number" in capsys.readouterr().err


def test_every_range_of_numbers_refuses_nan() -> None:
    """click's own range takes nan for a number in it."""
    ranges = [
        parameter.type
        for name in COMMANDS
        if (command := tinykws.get_command(click.Context(tinykws), name)) is not None
        for parameter in command.params
        if isinstance(parameter.type, (click.FloatRange, click.types.FloatParamType))
    ]
    assert len(ranges) >= 8
    assert all(isinstance(one, FiniteRange) for one in ranges)
