# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from tinykws.support.errors import ToolError
from tinykws.support.run_command import run_command


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_both_streams_and_the_exit_code_come_back() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"
    finished = run_command(python(code), timeout_s=30)
    assert (finished.exit_code, finished.stdout, finished.stderr) == (7, "out\n", "err\n")


def test_lines_come_while_it_runs() -> None:
    lines: list[str] = []
    run_command(python("print('one'); print('two')"), timeout_s=30, on_line=lines.append)
    assert lines == ["one", "two"]


def test_megabytes_on_both_streams_block_nothing() -> None:
    code = "import sys; sys.stdout.write('o' * 3000000); sys.stderr.write('e' * 3000000)"
    finished = run_command(python(code), timeout_s=30)
    assert (len(finished.stdout), len(finished.stderr)) == (3000000, 3000000)


def test_it_gets_no_input_and_the_environment_given() -> None:
    code = "import os, sys; print(sys.stdin.read() == '', os.environ.get('KWS_X'))"
    assert run_command(python(code), timeout_s=30, env=os.environ | {"KWS_X": "y"}).stdout == "True y\n"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolError, match="cannot start no-such-program"):
        run_command(["no-such-program"], timeout_s=5)


@pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
def test_after_the_time_limit_children_are_gone_too(tmp_path: Path) -> None:
    child_id = tmp_path / "child"
    code = (
        "import subprocess, sys, pathlib, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(child_id)!r}).write_text(str(child.pid))\n"
        "print('started', flush=True)\n"
        "time.sleep(600)\n"
    )
    started = time.monotonic()
    with pytest.raises(ToolError, match="timed out after 2 s") as caught:
        run_command(python(code), timeout_s=2)
    assert time.monotonic() - started < 20
    assert caught.value.message.endswith("\nits last output:\nstarted")
    assert_gone(int(child_id.read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
@pytest.mark.parametrize("obeys", [True, False])
def test_what_is_to_end_may_tidy_up_but_not_stay(tmp_path: Path, obeys: bool) -> None:
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
    started = time.monotonic()
    with pytest.raises(ToolError, match="timed out after"):
        run_command(python(code), timeout_s=1)
    assert not scratch.exists()
    assert time.monotonic() - started < 20


@pytest.mark.skipif(sys.platform == "win32", reason="process groups as POSIX has them")
def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    own_id = tmp_path / "id"
    code = f"import os, pathlib, time; pathlib.Path({str(own_id)!r}).write_text(str(os.getpid())); time.sleep(600)"

    def interrupt_when_it_runs() -> None:
        while not own_id.is_file() or not own_id.read_text():
            time.sleep(0.02)
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt_when_it_runs)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_command(python(code), timeout_s=60)
    thread.join()
    assert_gone(int(own_id.read_text()))


def assert_gone(process_id: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(process_id, 0)
            state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
            if state == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.05)
    pytest.fail(f"process {process_id} still runs")
