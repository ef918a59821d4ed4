# SPDX-License-Identifier: Apache-2.0
"""Templates: every expression has the filter of its place. What the filters make of hostile text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from tinykws.support.c_text import c_comment, c_float, c_name, c_string
from tinykws.support.errors import ConfigError
from tinykws.support.escapes import ini_value, integer, markdown, one_line
from tinykws.support.resources import TEMPLATES
from tinykws.support.templates import FILTERS

SOURCES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.j2"))
ALLOWED = {
    ".ini": {"ini_comment", "ini_value", "integer", "hex"},
    ".csv": {"ini_value"},
    ".md": {"markdown", "integer"},
    ".h": {name for name in FILTERS if name.startswith(("c_", "integer"))},
}
ALLOWED |= {".c": ALLOWED[".h"], ".cc": ALLOWED[".h"], ".ino": ALLOWED[".h"]}
ALLOWED[".properties"] = ALLOWED[".ini"]
ALLOWED["keywords.txt"] = {"c_name"}
ALLOWED["CMakeLists.txt"] = {"cmake_path"}
ALLOWED[".yml"] = {"yaml_string"}


def expressions(name: str) -> Iterator[nodes.Expr]:
    tree = jinja2.Environment().parse((TEMPLATES / name).read_text(encoding="utf-8"))
    for output in tree.find_all(nodes.Output):
        yield from (node for node in output.nodes if not isinstance(node, nodes.TemplateData))


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.endswith(".html.j2")])
def test_every_expression_ends_with_a_filter_of_its_place(name: str) -> None:
    file = name.removesuffix(".j2").rsplit("/", 1)[-1]
    suffix = file if file in ALLOWED else "." + file.rsplit(".", 1)[-1]
    for node in expressions(name):
        assert isinstance(node, nodes.Filter), f"{name}, line {node.lineno}"
        assert node.name in ALLOWED[suffix], f"{name}, line {node.lineno}: {node.name}"


def test_html_is_escaped_by_jinja() -> None:
    pages = [name for name in SOURCES if name.endswith(".html.j2")]
    for name in pages:
        assert not any(isinstance(node, nodes.Filter) and node.name == "safe" for node in expressions(name))
    assert pages


HOSTILE = st.lists(st.sampled_from(["*", "/", "\\", "\n", '"', "?", "a", "é", "\u202e", "`", "<", "\r", "\x00"])).map(
    "".join
)


@given(HOSTILE)
def test_a_comment_stays_one(text: str) -> None:
    inside = c_comment(text)
    assert inside.isascii()
    assert inside.isprintable()
    assert re.fullmatch(r"/\*.*?\*/", f"/* {inside} */")
    assert "/*" not in inside


@given(HOSTILE)
def test_a_string_stays_one(text: str) -> None:
    literal = c_string(text)
    assert re.fullmatch(r'"(?:[ !#->@-\[\]-~]|\\[0-7]{3})*"', literal)
    octal = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), literal[1:-1])
    assert octal.encode("latin-1") == text.encode()


@given(HOSTILE)
def test_markdown_is_one_line_without_markup(text: str) -> None:
    assert not re.search(r"[\n\r<\x00\u202e]", markdown(text))
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*]", markdown(text))
    assert one_line(text).isprintable()


def test_text_of_any_language_stays_what_it_is() -> None:
    for text in ("hey robot", "да", "می\u200cخواهم", "Arduino Nano 33 BLE Sense (rev. 2)"):
        assert markdown(text) == one_line(text) == ini_value(text) == text


@pytest.mark.parametrize("text", ["a\nextra_scripts = x.py", "\x1b[2J", "a\u2028b", "\u202e"])
def test_a_value_in_an_ini_file_is_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot be in platformio\.ini"):
        ini_value(text)


def test_numbers_and_names_are_nothing_else() -> None:
    for value in ("1", True, 1.0, None):
        with pytest.raises(TypeError, match="is not a whole number"):
            integer(value)
    for value in ("a b", "", "a;", "é"):
        with pytest.raises(ValueError, match="is not a name in C"):
            c_name(value)
    for number in (float("inf"), float("nan")):
        with pytest.raises(ValueError, match="has no literal in C"):
            c_float(number)
    assert (integer(-3), c_name("AddConv2D"), c_float(1.0)) == ("-3", "AddConv2D", "1.0f")
