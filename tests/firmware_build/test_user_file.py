# SPDX-License-Identifier: Apache-2.0
"""src/on_word.cpp: written once and then the user's; what in it no longer fits the words is told."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from tiny_model import tiny_bundle

from tinykws.boards.rows import find_board
from tinykws.firmware_build.generated_tree import MANIFEST, write_tree
from tinykws.firmware_build.user_file import COLOURS, lights, unknown_words
from tinykws.model.bundle import Bundle
from tinykws.project.labels import Label, labels_of_words
from tinykws.stages.generate import generate, project_files
from tinykws.support.progress import Progress

NANO, HOST = find_board("nano33ble"), find_board("host")
MINE = "/* mine */\nvoid on_word(const char *word, unsigned char score, unsigned long time_ms) {}\n"


class Said(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def with_words(bundle: Bundle, *words: str) -> Bundle:
    """The bundle under other names: only its labels are asked here."""
    shape = dataclasses.replace(bundle.output, shape=(1, len(words) + 2))
    return dataclasses.replace(bundle, labels=labels_of_words(words), output=shape, golden=())


def test_an_edited_file_stays_whatever_else_changes(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, NANO, "tflm", tmp_path)
    path = tmp_path / "src" / "on_word.cpp"
    path.write_text(MINE)
    for engine in ("tflm", "aot", "tflm"):
        project = generate(tiny_model_bundle, NANO, engine, tmp_path)
        assert path.read_text() == MINE
        assert project.changes.kept == ()
        assert "src/on_word.cpp" in project.files
    assert not list(tmp_path.rglob("*.yours"))


def test_a_file_as_generated_stays_too(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, NANO, None, tmp_path)
    before = (tmp_path / "src" / "on_word.cpp").read_text()
    other = tiny_bundle(tmp_path / "other", words=["stop"])
    project = generate(other, NANO, None, tmp_path)
    assert (tmp_path / "src" / "on_word.cpp").read_text() == before
    assert project.unknown_words == ("yes",)


def test_a_deleted_file_is_written_again(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, NANO, None, tmp_path)
    path = tmp_path / "src" / "on_word.cpp"
    first = path.read_text()
    path.unlink()
    assert generate(tiny_model_bundle, NANO, None, tmp_path).changes.written == ("src/on_word.cpp",)
    assert path.read_text() == first


@pytest.mark.parametrize("target", ["there.cpp", "not_there.cpp"])
def test_a_link_is_the_users_also_one_to_nothing(tiny_model_bundle: Bundle, tmp_path: Path, target: str) -> None:
    (tmp_path / "there.cpp").write_text(MINE)
    (tmp_path / "project" / "src").mkdir(parents=True)
    link = tmp_path / "project" / "src" / "on_word.cpp"
    link.symlink_to(tmp_path / target)
    generate(tiny_model_bundle, NANO, None, tmp_path / "project")
    assert link.is_symlink()
    assert (tmp_path / "there.cpp").read_text() == MINE
    assert not (tmp_path / "not_there.cpp").exists()


def test_one_file_is_enough_in_whatever_language(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, HOST, None, tmp_path)
    (tmp_path / "src" / "on_word.c").write_text(MINE)
    project = generate(tiny_model_bundle, NANO, None, tmp_path)
    assert not (tmp_path / "src" / "on_word.cpp").exists(), "both would define on_word"
    assert (tmp_path / "src" / "on_word.c").read_text() == MINE
    assert project.user_file == "src/on_word.c"


def test_it_is_in_no_manifest_and_survives_the_loss_of_it(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, NANO, None, tmp_path)
    assert not any("on_word.c" in name for name in json.loads((tmp_path / MANIFEST).read_text()))
    (tmp_path / "src" / "on_word.cpp").write_text(MINE)
    (tmp_path / MANIFEST).unlink()
    generate(tiny_model_bundle, NANO, None, tmp_path)
    assert (tmp_path / "src" / "on_word.cpp").read_text() == MINE


def test_a_manifest_that_claims_it_changes_nothing(tmp_path: Path) -> None:
    """Of a version that would have made it like any other file."""
    write_tree(tmp_path, {"a.c": b"a", "src/on_word.c": b"old"})
    assert write_tree(tmp_path, {"a.c": b"a"}, {"src/on_word.c": b"new"}).removed == ()
    assert (tmp_path / "src" / "on_word.c").read_bytes() == b"old"


@pytest.mark.parametrize("words", [["yes"], ["yes", "no", "hey robot"], [f"word {number}" for number in range(9)]])
def test_as_generated_every_word_has_its_light(tiny_model_bundle: Bundle, words: list[str]) -> None:
    bundle = with_words(tiny_model_bundle, *words)
    text = project_files(bundle, HOST, "aot")["src/on_word.c"].decode() if len(words) == 1 else None
    labels = [label.name for label in bundle.labels[2:]]
    made = lights(bundle.labels)
    assert [label for label, _, _ in made] == labels
    assert len({levels for _, _, levels in made}) == min(len(words), len(COLOURS))
    if text is not None:
        assert re.findall(r'strcmp\(word, "(\w+)"\)', text) == labels


def test_no_two_colours_look_the_same_on_three_leds() -> None:
    seen = [tuple(level > 0 for level in levels) for _, levels in COLOURS]
    assert len(set(seen)) == len(COLOURS) == 7


TOLD = [
    ('strcmp(word, "no") == 0', ("no",)),
    ('!strcmp("no", word)', ("no",)),
    ('strncmp(word, "no", 2) == 0', ("no",)),
    ('strcasecmp(word, "NO") == 0', ("NO",)),
    ('String(word) == "no"', ("no",)),
    ('"no" != text', ("no",)),
    ('text.equals("no")', ("no",)),
    ('text.equalsIgnoreCase("no")', ("no",)),
    ('strcmp(name_of(word), "no")', ("no",)),
    ('strcmp(word, "hey robot")', ("hey robot",)),
    ('strcmp(word, "yes")', ()),
    ('strcmp(word, "hey_robot")', ()),
    ('strcmp(word, "_unknown_")', ()),
    ('// strcmp(word, "no")', ()),
    ('/* strcmp(word,\n "no") */', ()),
    ('puts("no")', ()),
    ('puts("// "); strcmp(word, "no")', ("no",)),
]


@pytest.mark.parametrize(("code", "expected"), TOLD)
def test_a_comparison_with_what_is_no_word_is_told(tmp_path: Path, code: str, expected: tuple[str, ...]) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "on_word.cpp").write_text(f"void on_word(const char *word) {{ if ({code}) go(); }}\n")
    assert unknown_words(tmp_path, labels_of_words(["yes", "hey robot"])) == expected


def test_a_former_word_is_told_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "on_word.cpp").write_text('static const char *const names[] = {"yes", "no", "other"};\n')
    labels: tuple[Label, ...] = labels_of_words(["yes"])
    assert unknown_words(tmp_path, labels) == ()
    assert unknown_words(tmp_path, labels, former=["_silence_", "_unknown_", "yes", "no"]) == ("no",)


def test_changed_words_are_told_each_time_and_with_the_way_out(tmp_path: Path) -> None:
    project = tmp_path / "project"
    generate(tiny_bundle(tmp_path / "a", words=["yes"]), NANO, "aot", project)
    (project / "src" / "on_word.cpp").write_text('#include "on_word.h"\nif (strcmp(word, "yes") == 0) { go(); }\n')
    stop = tiny_bundle(tmp_path / "b", words=["stop"])
    for _ in range(2):
        said = Said()
        assert generate(stop, NANO, "aot", project, said).unknown_words == ("yes",)
        (line,) = said.lines
        assert "on_word.cpp names 'yes', which on_word() is never given: it gets stop." in line
        assert "delete it and generate again" in line
    said = Said()
    generate(tiny_bundle(tmp_path / "c", words=["yes"]), NANO, "aot", project, said)
    assert said.lines == []


def test_what_is_no_text_is_no_reason_to_fail(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "src" / "on_word.cpp").mkdir(parents=True)
    assert generate(tiny_model_bundle, NANO, "aot", tmp_path).unknown_words == ()


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        (MINE, True),
        (f'#include "on_word.h"\n{MINE}', False),
        (f"# include <on_word.h>\n{MINE}", False),
        (f'extern "C" {MINE}', False),
    ],
)
def test_functions_that_the_linker_would_not_find_are_told(
    tiny_model_bundle: Bundle, tmp_path: Path, text: str, is_told: bool
) -> None:
    """Each has an empty default, so nothing else would say that they have other names in C++."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "on_word.cpp").write_text(text)
    said = Said()
    generate(tiny_model_bundle, NANO, "aot", tmp_path, said)
    assert [line for line in said.lines if "never called" in line] == [line for line in said.lines if is_told]
    assert bool(said.lines) == is_told
