# SPDX-License-Identifier: Apache-2.0
"""A few inputs of each target of the fuzzer (tests/helpers/fuzz_inputs.py); and that it notices what it looks for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HELPERS = Path(__file__).parent.parent / "helpers"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs fork and /proc")

PROGRAM = """\
import json, os, signal, socket, subprocess, sys
from pathlib import Path
from fuzz_commands import check_printed, read_strict_json
from fuzz_sandbox import Limits, Sandbox

faults = json.loads(sys.argv[2])

def act(number, case):
    yield "begun"
    exec(faults[number // 2] if number % 2 == 0 else "")
    yield "ended"

sandbox = Sandbox(Path(sys.argv[1]), (["true"],), Limits(cpu_seconds=1, memory_bytes=1 << 30))
for outcome in sandbox.run(range(2 * len(faults)), act):
    print(json.dumps([outcome.counts, outcome.finding.split("\\n")[0]]))
"""
FAULTS = {
    "raise ValueError(number)": "ValueError at",
    "os.kill(os.getpid(), signal.SIGSEGV)": "signal SIGSEGV",
    "os._exit(3)": "the process ended with exit code 3",
    "while True: pass": "more than 1 s of processor time",
    "bytearray(2 << 30)": "MemoryError at",
    "os.truncate(os.open('large', os.O_CREAT | os.O_RDWR), 65 << 20)": "more than 64 MB of files",
    "Path('../outside/new.txt').write_text('x')": "open outside the input's folder",
    "Path('../outside/kept.txt').unlink()": "os.remove outside the input's folder",
    "Path('link').symlink_to('../outside'); Path('link/folder').rmdir()": "os.rmdir outside the input's folder",
    "subprocess.run(['true']); subprocess.run(['echo'])": "started a program",
    "os.system('true')": "started a program",
    "socket.socket().connect(('127.0.0.1', 9))": "socket.connect",
    "check_printed('\\x1b[2J')": "prints control characters",
    "check_printed('Traceback (most recent call last)')": "prints 'Traceback",
    "read_strict_json('[NaN]')": "prints NaN as JSON",
}


def run(*command: str | Path) -> str:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, cwd=HELPERS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_few_inputs_of_each_target_find_nothing(tmp_path: Path) -> None:
    run(HELPERS / "fuzz_inputs.py", "--inputs", "6", "--seed", "5", "--folder", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "settings", "log", "list", "model"}
    for folder in tmp_path.iterdir():
        counts = json.loads((folder / "counts.json").read_text())
        assert (counts["inputs"], counts["findings"]) == (6, {}), folder.name
        assert sum(value for key, value in counts.items() if re.search("exit|reader|refused", key)) >= 6, folder.name


@pytest.mark.slow
def test_every_fault_is_noticed_and_the_next_input_runs(tmp_path: Path) -> None:
    outcomes = [json.loads(line) for line in run("-c", PROGRAM, tmp_path, json.dumps(list(FAULTS))).splitlines()]
    assert len(outcomes) == 2 * len(FAULTS)
    for fault, (_, finding), following in zip(FAULTS, outcomes[::2], outcomes[1::2], strict=True):
        assert finding.startswith(FAULTS[fault]), fault
        assert following == [{"begun": 1, "ended": 1}, ""], fault
