# SPDX-License-Identifier: Apache-2.0
"""The lock: of two processes one waits; a process that is killed leaves no lock behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tinykws.support.project_lock import OWNER_NAME, locked

HOLDER = """
import sys
from pathlib import Path
from tinykws.support.project_lock import locked
with locked(Path(sys.argv[1]), "tinykws train", print):
    print("holding", flush=True)
    sys.stdin.read()
"""


def test_the_owner_is_named_and_frees_the_lock_even_if_it_is_killed(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        told: list[str] = []

        def on_wait(text: str) -> None:
            told.append(text)
            holder.kill()

        with locked(tmp_path, "tinykws build", on_wait):
            assert '"tinykws build"' in (tmp_path / OWNER_NAME).read_text()
            with locked(tmp_path, "tinykws build", on_wait):
                pass
            assert (tmp_path / OWNER_NAME).is_file(), "the inner one has not freed it"
    assert told == [
        f"waiting for `tinykws train` (process {holder.pid}), which works in {tmp_path}; Ctrl-C ends the wait"
    ]
    assert not (tmp_path / OWNER_NAME).exists()


def test_a_damaged_file_of_the_owner_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / OWNER_NAME).parent.mkdir()
    for text in ("", "[]", '{"pid": "x", "command": 1}', "{" * 10_000):
        (tmp_path / OWNER_NAME).write_text(text)
        with locked(tmp_path, "tinykws build", print):
            pass


def test_a_folder_that_cannot_be_made_is_used_without_a_lock(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with locked(tmp_path / "file" / "build", "tinykws build", print):
        pass
