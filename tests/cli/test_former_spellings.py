# SPDX-License-Identifier: Apache-2.0
"""Old spellings of `verify` mean today's commands, wherever the option stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_model import EAGER, tiny_bundle, write_walk

from tinykws.cli.former_spellings import current_spelling
from tinykws.cli.main import run


@pytest.mark.parametrize(
    ("former", "current"),
    [
        ("verify --board host", "verify --board host"),
        ("verify --board host --stream a.wav --seconds 3", "verify-stream a.wav --board host --seconds 3"),
        ("verify --stream=a.wav --board host", "verify-stream a.wav --board host"),
        ("verify --replay LOG --junit r.xml", "replay LOG --junit r.xml"),
        ("verify --replay LOG --stream a.wav", "verify-stream a.wav --replay LOG"),
        ("verify --wire uart --board host", "verify --transport uart --board host"),
        ("verify --wire=uart --stream a.wav", "verify-stream a.wav --transport=uart"),
        ("verify --stream", "verify --stream"),
        ("verify --board host -- --replay LOG", "verify --board host -- --replay LOG"),
        ("evaluate --stream", "evaluate --stream"),
    ],
)
def test_old_spellings_are_rewritten(former: str, current: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert " ".join(current_spelling(former.split())) == current
    notice = capsys.readouterr().err
    assert notice.startswith("tinykws: notice: `verify --") == (
        former.split(maxsplit=1)[0] != current.split(maxsplit=1)[0]
    )
    assert notice.count("\n") <= 1


@pytest.mark.slow
def test_old_and_new_spellings_print_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_bundle(tmp_path / "build" / "bundle", detector=EAGER)
    walk = str(write_walk(tmp_path / "walk.wav", 3))
    host = ["--board", "host", "--project", str(tmp_path)]
    log = str(tmp_path / "build" / "firmware" / "host" / "verify.jsonl")
    assert run(["verify-stream", *host, walk, "--json", str(tmp_path / "stream.json")]) == 0
    capsys.readouterr()
    for former, current in (
        (["verify", "--replay", log], ["replay", log]),
        (["verify", "--replay", log, "--json", "-"], ["replay", log, "--json", "-"]),
    ):
        assert run(current) == 0
        today = capsys.readouterr()
        assert today.err == ""
        assert run(former) == 0
        once = capsys.readouterr()
        assert once.out == today.out
        assert once.err == "tinykws: notice: `verify --replay FILE` is now `replay FILE`\n"
        assert run([*former, "--quiet"]) == 0
        assert capsys.readouterr() == (today.out, "")
