# SPDX-License-Identifier: Apache-2.0
"""YAML that somebody else wrote: each bomb is one readable error, with its place, and costs nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.boards.rows import load_boards
from tinykws.project.config import load_config, parse_config
from tinykws.support.errors import ConfigError
from tinykws.support.yaml_text import MOST_BYTES, load_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 9)
)
BOMBS = [
    ("[" * 100_000, "more than 12 lists or keys inside each other"),
    ("words: " + "[" * 5000 + "yes" + "]" * 5000, "line 1: more than 12"),
    ("\n".join("  " * depth + "a:" for depth in range(500)), "line 13: more than 12"),
    ("- " * 3000 + "x", "more than 12"),
    ("{a: " * 2000 + "1" + "}" * 2000, "more than 12"),
    (LAUGHS, "more than 50,000 values, with every alias written out"),
    ("words: &w [yes, *w]", "*w refers to nothing before it, or to itself"),
    ("words: *nothing", "*nothing refers to nothing"),
    ("training: {epochs: " + "9" * 5000 + "}", "line 1: a number of 5,000 characters"),
    ("a: 0x" + "f" * 5000, "a number of 5,002 characters"),
    ("a: 0b" + "1" * 5000, "a number of 5,002 characters"),
    ("a: " + "1:" * 3000 + "1", "a number of"),
    ("a: !!int '" + "9" * 5000 + "'", "a number of 5,000 characters"),
    ("a: !!float '" + "9" * 5000 + "'", "a number of 5,000 characters"),
    ("a: " + "9" * 30, "a is 999999999999999999999999999999"),
    ("a: .inf", "a is inf"),
    ("a: {b: [1, .nan]}", "a: b: entry 2 is nan"),
    ('data: "a\\0b"', "data holds a control character or a line break: 'a\\x00b'"),
    ('words: [yes, "a\\nb"]', "words: entry 2 holds a control character"),
    ('words: ["\\e]52;c;x\\a"]', "words: entry 1 holds a control character"),
    ('words: ["a\\u202eb"]', "words: entry 1 holds"),
    ('"a\\0": 1', "a key holds a control character"),
    ("words: |\n  yes\n  no\n", "words holds a control character or a line break: 'yes\\nno\\n'"),
    ("words:\n\t- yes", "not valid YAML"),
    ("words: [yes]\nwords: [no]", "key 'words' is given twice"),
    ("a: {b: 1, b: 2}", "key 'b' is given twice"),
    ("1: x", "key 1 is not text"),
    ("null: x", "key None is not text"),
    ("[a, b]: x", "is not text"),
    ("? {a: b}\n: x", "is not text"),
    ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
    ("a: !!python/name:os.system", "not valid YAML"),
    ("a: !mine x", "not valid YAML"),
    ("a: !!bool maybe", "a value does not fit its tag"),
    ("a: !!int ''", "a value does not fit its tag"),
    ("a: !!timestamp x", "a value does not fit its tag"),
    ("a: 2001-99-99", "a value does not fit its tag"),
    ("a: 2001-01-01", "a is datetime.date(2001, 1, 1), which is neither text nor a number"),
    ("a: !!set {x}", "neither text nor a number"),
    ("a: !!binary aGk=", "neither text nor a number"),
    ("a: \x00", "not valid YAML"),
    ("a: \ud800", "not valid YAML"),
    ("--- {a: 1}\n--- {b: 1}", "not valid YAML"),
    ("a" * (MOST_BYTES + 1), "more than 500,000 characters"),
]


@pytest.mark.parametrize(("text", "says"), BOMBS, ids=[str(at) for at in range(len(BOMBS))])
def test_bombs_are_refused_with_their_place(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_yaml(text, source="kws.yaml")
    assert says in caught.value.message
    assert caught.value.message.startswith("kws.yaml")
    assert len(caught.value.message) < 500
    assert caught.value.message.isprintable()


def test_tabs_are_told() -> None:
    with pytest.raises(ConfigError) as caught:
        load_yaml("words:\n\t- yes", source="kws.yaml")
    assert caught.value.hint == "indent with spaces, not with tabs"


def test_anchors_for_shared_values_still_work() -> None:
    assert load_yaml("a: &usb ['1:2']\nb: *usb\nc: {d: *usb}", source="x") == {
        "a": ["1:2"],
        "b": ["1:2"],
        "c": {"d": ["1:2"]},
    }


def test_text_of_several_lines_is_for_engines_of_other_packages_only() -> None:
    text = "words: [yes]\nsynth: {engines: [mine], engine_options: {mine: {prompt: %s}}}"
    assert parse_config(text % '"a\\nb"').synth.engine_options == {"mine": {"prompt": "a\nb"}}
    with pytest.raises(ConfigError, match="engine_options: mine: prompt holds a control"):
        parse_config(text % '"a\\eb"')


@given(st.text(alphabet=st.sampled_from("ab:-?[]{},&*!|>'\"%@#\\x0\n\t 19.e\x00\u2028é"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_config(text)
    except ConfigError as error:
        assert len(error.message) < 2000


def test_a_huge_value_is_not_repeated_in_the_error() -> None:
    for text in ("words: " + "x" * 100_000, "words: {a: [" + "x, " * 9_000 + "]}", "w" * 100_000 + ": 1"):
        with pytest.raises(ConfigError) as caught:
            parse_config(text)
        assert len(caught.value.message) < 1000


def test_what_is_no_text_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "kws.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(ConfigError, match=r"cannot read .*kws.yaml: more than 500,000 bytes"):
        load_config(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="is not a file"):
        load_config(path)
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(tmp_path / "a\0b" / "kws.yaml")
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(tmp_path / ("x" * 300) / "kws.yaml")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
def test_a_pipe_does_not_hang_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kws.yaml")
    with pytest.raises(ConfigError, match="is not a file"):
        load_config(tmp_path / "kws.yaml")


ROW = "mine: {name: Mine, mcu: m, platform: p@1, board: b, main: main.c, port: arduino, engine: aot, engines: [aot]%s}"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (', build_flags: ["-DA=1\\n[env:evil]"]', "mine: build_flags: entry 1 holds a control character"),
        (', build_flags: ["-DA=1\\e[2J"]', "mine: build_flags: entry 1 holds a control character"),
        (', framework: "arduino\\nextra_scripts = evil.py"', "mine: framework holds a control character"),
        (', microphone: {kind: pdm, driver: "PDM.h\\n#include <x>"}', "driver holds a control character"),
        (", microphone: {kind: pdm, driver: ../../../etc/passwd}", "driver is '../../../etc/passwd'"),
        (", microphone_port: ../x", "microphone_port is '../x'"),
        (", microphone_port: /etc", "microphone_port is '/etc'"),
        (', serial: {advice: ["a\\u2028b"]}', "advice: entry 1 holds"),
        (", ram_bytes: 99999999999999999999", "ram_bytes is 99999999999999999999"),
    ],
)
def test_rows_of_boards_reach_no_other_file(more: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "boards.yaml").write_text(ROW % more, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_boards(tmp_path / "boards.yaml")
    assert says in caught.value.message


def test_board_ids_that_windows_reserves(tmp_path: Path) -> None:
    for name in ("con", "nul", "com1"):
        (tmp_path / "boards.yaml").write_text((ROW % "").replace("mine", name), encoding="utf-8")
        with pytest.raises(ConfigError, match="which Windows reserves"):
            load_boards(tmp_path / "boards.yaml")
    (tmp_path / "boards.yaml").write_text(ROW % "", encoding="utf-8")
    assert "mine" in load_boards(tmp_path / "boards.yaml")
