# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import text_of, wait_until, wait_until_gone

from tinykws.support import run_command as module
from tinykws.support.errors import ToolError
from tinykws.support.run_command import run_command


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_both_streams_and_the_exit_code_come_back() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"
    finished = run_command(python(code), timeout_s=600)
    assert (finished.exit_code, finished.stdout, finished.stderr) == (7, "out\n", "err\n")


def test_lines_come_while_it_runs() -> None:
    lines: list[str] = []
    run_command(python("print('one'); print('two')"), timeout_s=600, on_line=lines.append)
    assert lines == ["one", "two"]


def test_megabytes_on_both_streams_block_nothing() -> None:
    code = "import sys; sys.stdout.write('o' * 3000000); sys.stderr.write('e' * 3000000)"
    finished = run_command(python(code), timeout_s=600)
    assert (len(finished.stdout), len(finished.stderr)) == (3000000, 3000000)


def test_it_gets_no_input_and_the_environment_given() -> None:
    code = "import os, sys; print(sys.stdin.read() == '', os.environ.get('KWS_X'))"
    assert run_command(python(code), timeout_s=600, env=os.environ | {"KWS_X": "y"}).stdout == "True y\n"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolError, match="cannot start no-such-program"):
        run_command(["no-such-program"], timeout_s=600)


def test_the_time_limit_ends_it() -> None:
    with pytest.raises(ToolError, match="timed out after 0 s"):
        run_command(python("import signal; signal.pause()"), timeout_s=0.05)


def limit_expires_when(monkeypatch: pytest.MonkeyPatch, happened: Callable[[], object]) -> None:
    """The time limit is over when something has happened in the program, however long that takes."""

    def wait(process: subprocess.Popen[str], timeout_s: float) -> bool:
        wait_until(happened)
        return False

    monkeypatch.setattr(module, "_wait", wait)


@pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
@pytest.mark.slow
def test_after_the_time_limit_children_are_gone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child_id = tmp_path / "child"
    code = (
        "import subprocess, sys, pathlib, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        "print('started', flush=True)\n"
        f"pathlib.Path({str(child_id)!r}).write_text(str(child.pid))\n"
        "time.sleep(3600)\n"
    )
    limit_expires_when(monkeypatch, lambda: child_id.is_file() and child_id.read_text())
    with pytest.raises(ToolError, match="timed out after 2 s") as caught:
        run_command(python(code), timeout_s=2)
    assert caught.value.message.endswith("\nits last output:\nstarted")
    wait_until_gone(int(child_id.read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
@pytest.mark.parametrize("obeys", [True, False])
@pytest.mark.slow
def test_what_is_to_end_may_tidy_up_but_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obeys: bool) -> None:
    scratch = tmp_path / "scratch.s"
    code = (
        "import pathlib, signal, sys, time\n"
        f"scratch = pathlib.Path({str(scratch)!r})\n"
        "def tidy(*_):\n"
        "    scratch.unlink()\n"
        f"    if {obeys}: sys.exit()\n"
        "signal.signal(signal.SIGTERM, tidy)\n"
        "scratch.touch()\n"
        "while True: time.sleep(0.1)\n"
    )
    limit_expires_when(monkeypatch, scratch.exists)
    give_time = module._wait_for_group

    def give_time_to_tidy(process: subprocess.Popen[str]) -> None:
        """As long as that takes; what stays then has its two seconds."""
        wait_until(lambda: not scratch.exists())
        give_time(process)

    monkeypatch.setattr(module, "_wait_for_group", give_time_to_tidy)
    with pytest.raises(ToolError, match="timed out after"):
        run_command(python(code), timeout_s=1)
    assert not scratch.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
def test_ctrl_c_while_it_starts_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        started.append(popen(*arguments, **options))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(KeyboardInterrupt):
        run_command(python("import signal; signal.pause()"), timeout_s=600)
    (process,) = started
    assert process.returncode is not None
    assert [stream.closed for stream in (process.stdout, process.stderr) if stream is not None] == [True, True]


@pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
def test_ctrl_c_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_id = tmp_path / "id"
    code = f"import os, pathlib, time; pathlib.Path({str(own_id)!r}).write_text(str(os.getpid())); time.sleep(3600)"

    waited_for = threading.Event()
    wait = module._wait

    def noted(process: subprocess.Popen[str], timeout_s: float) -> bool:
        waited_for.set()
        return wait(process, timeout_s)

    monkeypatch.setattr(module, "_wait", noted)

    def interrupt_when_it_runs() -> None:
        text_of(own_id)
        waited_for.wait()
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt_when_it_runs)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_command(python(code), timeout_s=600)
    thread.join()
    wait_until_gone(int(own_id.read_text()))
